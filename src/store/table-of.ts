/** A table whose rows have the fields of `Row`: the compiler reports a missing or mistyped column. */
export interface TableOf<Row> {
  $inferSelect: Row;
}
