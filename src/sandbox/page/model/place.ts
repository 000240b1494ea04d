/**
 * Where a person is, as the address in the hash: `#U1/C1`, `#U1/C1/1712345678.123456` with an open
 * thread, `#U1/home` and `#U1/about` for the app's tabs, `#U1` for the side bar of a phone.
 */
export type Place =
  | { readonly kind: "none" }
  | { readonly kind: "conversation"; readonly id: string; readonly threadTs: string | null }
  | { readonly kind: "app"; readonly tab: "home" | "about" };

export interface Address {
  /** Undefined: the address names nobody. */
  readonly user: string | undefined;
  readonly place: Place;
}

/** Reads any hash; what it does not understand is no place. */
export function parseHash(hash: string): Address {
  const [user = "", where = "", thread = ""] = hash.replace(/^#/, "").split("/");
  return { user: /^[UW]\w+$/.test(user) ? user : undefined, place: parsePlace(where, thread) };
}

function parsePlace(where: string, thread: string): Place {
  if (where === "home" || where === "about") return { kind: "app", tab: where };
  if (!/^[CDG]\w+$/.test(where)) return { kind: "none" };
  return { kind: "conversation", id: where, threadTs: /^\d+\.\d+$/.test(thread) ? thread : null };
}

/** The hash of a place, so that links and history work as anywhere on the web. */
export function hashOf(user: string, place: Place): string {
  switch (place.kind) {
    case "none":
      return `#${user}`;
    case "app":
      return `#${user}/${place.tab}`;
    case "conversation":
      return `#${user}/${place.id}${place.threadTs === null ? "" : `/${place.threadTs}`}`;
  }
}
