/** How far an import is: a bar on a terminal, a line now and then elsewhere. On standard error. */
import { Presets, SingleBar } from "cli-progress";

export interface ImportProgress {
  readonly onBytes: (bytes: number) => void;
  readonly onSettled: (events: number) => void;
  readonly stop: () => void;
}

/** Often enough to see that it goes on, seldom enough for a log. */
const LINE_EVERY_MS = 10_000;
const MEGABYTE = 1_000_000;

export function showImportProgress(
  output: NodeJS.WriteStream,
  { bytesTotal, files }: { readonly bytesTotal: number; readonly files: number },
): ImportProgress {
  const startedAt = performance.now();
  const state = { bytes: 0, events: 0 };
  const rate = (): number =>
    Math.round(state.events / Math.max(0.001, (performance.now() - startedAt) / 1_000));
  const megabytes = (bytes: number): string => (bytes / MEGABYTE).toFixed(1);

  const bar = output.isTTY
    ? new SingleBar(
        {
          format:
            "Import [{bar}] {percentage}% {read} MB | {events} events | {rate}/s | ETA {eta_formatted}",
          stream: output,
          clearOnComplete: false,
          hideCursor: true,
        },
        Presets.shades_classic,
      )
    : undefined;
  const payload = () => ({
    read: `${megabytes(state.bytes)}/${megabytes(bytesTotal)}`,
    events: state.events,
    rate: rate(),
  });
  const line = (): void => {
    output.write(
      `import: ${megabytes(state.bytes)} of ${megabytes(bytesTotal)} MB in ${String(files)} files, ${String(state.events)} events, ${String(rate())}/s\n`,
    );
  };
  bar?.start(Math.max(1, bytesTotal), 0, payload());
  const timer = bar === undefined ? setInterval(line, LINE_EVERY_MS) : undefined;
  timer?.unref();
  return {
    onBytes: (bytes) => {
      state.bytes += bytes;
      bar?.update(state.bytes, payload());
    },
    onSettled: (events) => {
      state.events += events;
      bar?.update(state.bytes, payload());
    },
    stop: () => {
      clearInterval(timer);
      bar?.update(payload());
      bar?.stop();
    },
  };
}
