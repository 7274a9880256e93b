// drizzle-kit's configuration, for `make pg-migration NAME=...`.
import { defineConfig } from 'drizzle-kit';

export default defineConfig({
  dialect: 'postgresql',
  schema: './src/store/postgres/schema.ts',
  out: './src/store/postgres/migrations',
  casing: 'snake_case',
});
