/** Largest message that a served plugin takes and sends. */
export const maxMessageBytes = 64 * 1024 * 1024;
