/** Charts and tables as a program may build them of whatever people named and of any number. */
import fc from "fast-check";
import { anyUsd, hostileText } from "../../support/arbitraries.ts";

const anyValue = fc.oneof(
  fc.constantFrom(0, -0, -1, 1, 0.004, Number.NaN, Number.POSITIVE_INFINITY),
  fc.double(),
  anyUsd,
);
const anyKind = fc.constantFrom("bar", "line", "area", "pie");
export const anyChart = fc.record({
  title: hostileText,
  kind: anyKind,
  categories: fc.array(hostileText, { maxLength: 70 }),
  series: fc.array(
    fc.record({ name: hostileText, values: fc.array(anyValue, { maxLength: 70 }) }),
    { maxLength: 9 },
  ),
  unit: fc.option(hostileText, { nil: "USD" }),
});
export const anyDataTable = fc
  .tuple(
    hostileText,
    fc.array(fc.record({ name: hostileText, align: fc.constantFrom("left", "right") }), {
      maxLength: 25,
    }),
    fc.array(
      fc.array(fc.oneof(hostileText, fc.constantFrom("$1,234.56", "-$3", "12.5 %", "$1.2k")), {
        maxLength: 25,
      }),
      {
        maxLength: 20,
      },
    ),
    fc.integer({ min: 1, max: 60 }),
  )
  .map(([caption, columns, rows, times]) => ({
    caption,
    columns,
    rows: Array.from({ length: times }, () => rows).flat(),
  }));
