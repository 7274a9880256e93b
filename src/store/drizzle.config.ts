// For `bunx drizzle-kit generate --config src/store/drizzle.config.ts`, after a change of schema.ts.
import { defineConfig } from 'drizzle-kit';

export default defineConfig({
  dialect: 'sqlite',
  schema: './src/store/schema.ts',
  out: './src/store/migrations',
  casing: 'snake_case',
});
