/**
 * Cuts the bytes of a file into its elements, chunk by chunk, in memory that no file can grow: one
 * element at a time is held, up to a limit. What the elements mean is not known here.
 */

/** Hears of each element, with the line on which it begins, as an editor counts. */
export type Emit = (bytes: Buffer, line: number) => void;

export interface Splitter {
  readonly take: (chunk: Buffer, emit: Emit) => void;
  /** At the end of the file: what waits for a delimiter that never came. */
  readonly finish: (emit: Emit) => void;
  /** Nothing that follows is an element. */
  readonly isOver: () => boolean;
}

/** A longer element is no usage; it is passed over and handed on as empty, so that its line is told. */
const ELEMENT_BYTES_MAX = 64 * 1024 * 1024;

const NEWLINE = 0x0a;
const NOTHING = Buffer.alloc(0);

/** The lines that are not blank, each a view of its chunk where it stands in one. */
export function splitLines(): Splitter {
  let begun: Buffer[] = [];
  let begunBytes = 0;
  let line = 1;
  const emitEnd = (end: Buffer, emit: Emit): void => {
    const isTooLong = begunBytes + end.length > ELEMENT_BYTES_MAX;
    const whole = begun.length === 0 ? end : Buffer.concat([...begun, end]);
    if (isTooLong) emit(NOTHING, line);
    else if (!isBlank(whole)) emit(whole, line);
    begun = [];
    begunBytes = 0;
  };
  return {
    take: (chunk, emit) => {
      let start = 0;
      for (;;) {
        const newline = chunk.indexOf(NEWLINE, start);
        if (newline === -1) break;
        emitEnd(chunk.subarray(start, newline), emit);
        line += 1;
        start = newline + 1;
      }
      const rest = chunk.subarray(start);
      if (rest.length === 0) return;
      begunBytes += rest.length;
      // A copy: the chunk's memory is used again, and a view would keep all of it.
      if (begunBytes <= ELEMENT_BYTES_MAX) begun.push(Buffer.from(rest));
      else begun = [];
    },
    finish: (emit) => {
      if (begunBytes > 0) emitEnd(NOTHING, emit);
    },
    isOver: () => false,
  };
}

function isBlank(bytes: Buffer): boolean {
  // Most lines begin with a brace, so this ends at once.
  return bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const COMMA = 0x2c;

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === NEWLINE;
}

/** Where in a JSON text the splitter stands. */
interface JsonPosition {
  line: number;
  /** Open brackets of the element. */
  depth: number;
  isInString: boolean;
  isEscaped: boolean;
  /** First line of the element that is under way; undefined between elements. */
  beganAt: number | undefined;
  /** Before the bracket that opens the list, and after the one that closes it. */
  isBefore: boolean;
  isAfter: boolean;
}

/** The values of a JSON text: those of its list, or those that follow each other. */
export function splitJsonValues({ isList }: { readonly isList: boolean }): Splitter {
  const at: JsonPosition = {
    line: 1,
    depth: 0,
    isInString: false,
    isEscaped: false,
    beganAt: undefined,
    isBefore: isList,
    isAfter: false,
  };
  let begun: Buffer[] = [];
  let begunBytes = 0;
  const hold = (bytes: Buffer): void => {
    begunBytes += bytes.length;
    if (begunBytes <= ELEMENT_BYTES_MAX) begun.push(bytes);
    else begun = [];
  };
  const emitBegun = (emit: Emit): void => {
    if (at.beganAt === undefined) return;
    emit(begunBytes > ELEMENT_BYTES_MAX ? NOTHING : Buffer.concat(begun), at.beganAt);
    at.beganAt = undefined;
    begun = [];
    begunBytes = 0;
  };
  return {
    take: (chunk, emit) => {
      let start = 0;
      for (let index = 0; index < chunk.length && !at.isAfter; index += 1) {
        const byte = chunk[index] ?? 0;
        if (byte === NEWLINE) at.line += 1;
        const step = at.isBefore ? beforeList(at, byte) : advance(at, byte);
        if (step === "begins") start = index;
        else if (step !== "goes-on") {
          hold(chunk.subarray(start, step === "ends" ? index + 1 : index));
          emitBegun(emit);
        }
      }
      if (at.beganAt !== undefined) hold(Buffer.from(chunk.subarray(start)));
    },
    finish: emitBegun,
    isOver: () => at.isAfter,
  };
}

type Step = "goes-on" | "begins" | "ends" | "ended-before";

function beforeList(position: JsonPosition, byte: number): Step {
  Object.assign(position, { isBefore: byte !== OPEN_BRACKET });
  return "goes-on";
}

function advance(position: JsonPosition, byte: number): Step {
  const at = position;
  if (at.isInString) {
    if (at.isEscaped) at.isEscaped = false;
    else if (byte === BACKSLASH) at.isEscaped = true;
    else if (byte === QUOTE) {
      at.isInString = false;
      if (at.depth === 0) return "ends";
    }
    return "goes-on";
  }
  if (at.beganAt === undefined) return begin(at, byte);
  switch (byte) {
    case QUOTE:
      at.isInString = true;
      return "goes-on";
    case OPEN_BRACE:
    case OPEN_BRACKET:
      at.depth += 1;
      return "goes-on";
    case CLOSE_BRACE:
    case CLOSE_BRACKET:
      if (at.depth === 0) {
        at.isAfter = true;
        return "ended-before";
      }
      at.depth -= 1;
      return at.depth === 0 ? "ends" : "goes-on";
    default:
      return at.depth === 0 && (byte === COMMA || isSpace(byte)) ? "ended-before" : "goes-on";
  }
}

function begin(position: JsonPosition, byte: number): Step {
  const at = position;
  if (isSpace(byte) || byte === COMMA) return "goes-on";
  if (byte === CLOSE_BRACKET) {
    at.isAfter = true;
    return "goes-on";
  }
  at.beganAt = at.line;
  at.isInString = byte === QUOTE;
  at.depth = byte === OPEN_BRACE || byte === OPEN_BRACKET ? 1 : 0;
  return "begins";
}
