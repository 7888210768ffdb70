// A socket whose server is the test.

export const kWelcome = 'WELCOME:1:tags,ack,resume,presence:line=4096,name=32,room=64,rooms=32';

export class ScriptedSockets {
  all = [];

  // For openSocket.
  open = (callbacks) => {
    const socket = {
      callbacks,
      lines: [],
      isClosed: false,
      send: (line) => socket.lines.push(line),
      close: () => {
        socket.isClosed = true;
      },
    };
    this.all.push(socket);
    return socket;
  };

  get last() {
    return this.all.at(-1);
  }

  // What was sent since the last look, with the ids that the page has given or without them.
  sent() {
    return this.last.lines.splice(0);
  }
  sentWithoutIds() {
    return this.sent().map((line) => line.replace(/^@id=\S+ /, ''));
  }

  say(...lines) {
    lines.forEach((line) => this.last.callbacks.onMessage(line));
  }

  accept(...lines) {
    this.last.callbacks.onOpen();
    this.say(...lines);
  }

  lose() {
    this.last.callbacks.onClose('lost');
  }
}
