// The WebSocket to the server this page came from: one line of the native protocol a message.

const kProtocol = 'chat.v1';

function address() {
  const url = new URL('ws', document.baseURI);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.hash = '';
  return url.href;
}

// For Connection's openSocket.
export function openSocket({ onOpen, onMessage, onClose }) {
  const socket = new WebSocket(address(), kProtocol);
  socket.onopen = () => onOpen();
  socket.onmessage = ({ data }) => typeof data === 'string' && onMessage(data);
  socket.onclose = ({ reason }) => onClose(reason === '' ? 'the server can’t be reached' : reason);
  return {
    send(line) {
      if (socket.readyState === WebSocket.OPEN) {
        socket.send(line);
      }
    },
    close: () => socket.close(),
  };
}

export const browserClock = {
  now: () => Date.now(),
  ticks: () => performance.now(),
  setTimeout: (action, milliseconds) => setTimeout(action, milliseconds),
  clearTimeout: (timer) => clearTimeout(timer),
};
