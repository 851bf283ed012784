/** The answer of what has nothing else to tell. */
export class MessageView {
  message: string;
}
