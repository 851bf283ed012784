export class CallbackView {
  received: true;
}
