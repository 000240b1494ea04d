/** Limits of the HTTP side, each with the failure that it prevents. */

/** After decompression. A larger batch would hold a connection and its memory for too long. */
export const USAGE_BODY_BYTES_MAX = 8 * 1024 * 1024;
/** Of all bodies that are being received or answered, so that no number of senders fills the memory. */
export const BODIES_BYTES_MAX = 128 * 1024 * 1024;
/** More events in one transaction would keep rollup rows locked while others wait. */
export const USAGE_EVENTS_MAX = 5_000;
/** How long a client that can't be served now is asked to wait. */
export const RETRY_AFTER_SECONDS = 5;
/** A request that is still being sent after this long is a stuck or hostile client. */
export const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than load balancers keep an idle connection (60 s), so that they never reuse a closed one. */
export const KEEP_ALIVE_MS = 72_000;
