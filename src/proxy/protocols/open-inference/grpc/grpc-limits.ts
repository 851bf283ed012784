/** Messages are held and rewritten in memory, both ways. */
export const MOST_MESSAGE_BYTES = 16_777_216;
