/** Tables as CSV, as Postgres exports them: each row is an element, its fields named by the header. */
import { parse } from "csv-parse";
import { z } from "zod";

/** Hears of each row, with the line on which it ends; undefined for a row that is no CSV. */
type TakeRow = (row: unknown, line: number) => void;

export interface RowReader {
  readonly take: (chunk: Buffer, takeRow: TakeRow) => Promise<void>;
  readonly finish: (takeRow: TakeRow) => Promise<void>;
}

/** Longer than any row of a log without its messages; a quote that never closes stops here. */
const ROW_BYTES_MAX = 16 * 1024 * 1024;

const skipped = z.object({ lines: z.number() });
const read = z.object({ record: z.unknown(), info: z.object({ lines: z.number() }) });

export function readRows(): RowReader {
  const parser = parse({
    columns: true,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    max_record_size: ROW_BYTES_MAX,
  });
  let rows: (readonly [row: unknown, line: number])[] = [];
  parser.on("data", (row: unknown) => {
    const { record, info } = read.parse(row);
    rows.push([record, info.lines]);
  });
  parser.on("skip", (error: unknown) => {
    rows.push([undefined, skipped.safeParse(error).data?.lines ?? 0]);
  });
  const handOn = (takeRow: TakeRow): void => {
    const ready = rows;
    rows = [];
    for (const [row, line] of ready) takeRow(row, line);
  };
  return {
    take: async (chunk, takeRow) => {
      await new Promise<void>((resolve, reject) => {
        // A copy: the parser keeps what is left of it, and its memory is used again.
        parser.write(Buffer.from(chunk), (error) => {
          if (error) reject(error);
          else resolve();
        });
      });
      handOn(takeRow);
    },
    finish: async (takeRow) => {
      await new Promise<void>((resolve, reject) => {
        parser.once("end", resolve);
        parser.once("error", reject);
        parser.end();
      });
      handOn(takeRow);
    },
  };
}
