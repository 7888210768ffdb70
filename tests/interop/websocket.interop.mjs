// The npm package ws as a WebSocket client that is not ours.

import assert from 'node:assert/strict';
import test from 'node:test';

import { ended, fromModules, kTimeout, Lines, Native, withServer } from './bench.mjs';

const WebSocket = fromModules('ws');

// A WebSocket whose messages, of the one kind that it may get, come as lines.
class Socket extends Lines {
  constructor(port, protocols, options = {}) {
    super();
    this.ws = new WebSocket(`ws://127.0.0.1:${port}/ws`, protocols, options);
    this.kinds = new Set();
    this.ws.on('message', (data, isBinary) => {
      this.kinds.add(isBinary ? 'binary' : 'text');
      this.add(data.toString('utf8'));
    });
    this.ws.on('error', (error) => this.add(`socket: ${error.message}`));
    this.closed = new Promise((resolve) => {
      this.ws.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
  }

  static async open(port, protocols, options) {
    const one = new Socket(port, protocols, options);
    await ended(one.ws, 'open');
    return one;
  }
}

async function nativeAs(port, name, options) {
  const one = await Socket.open(port, 'chat.v1', options);
  one.ws.send('HELLO:1:');
  await one.next(/^WELCOME:1:/);
  one.ws.send(`REGISTER:${name}`);
  await one.next(`REGISTERED:${name}`);
  return one;
}

async function ircAs(port, name, protocol) {
  const one = await Socket.open(port, protocol);
  assert.equal(one.ws.protocol, protocol);
  one.ws.send(`NICK ${name}`);
  one.ws.send(`USER ${name} 0 * :${name}`);
  await one.next(new RegExp(`^:\\S+ 001 ${name} `));
  await one.next(/^:\S+ 366 \S+ #lobby /);
  return one;
}

test(
  'WebSocket_EachSubprotocol_TalksWithTheOthers',
  kTimeout,
  withServer(async ({ port }, after) => {
    const all = {
      native: await nativeAs(port, 'native'),
      text: await ircAs(port, 'text', 'text.ircv3.net'),
      binary: await ircAs(port, 'binary', 'binary.ircv3.net'),
    };
    after(() => Object.values(all).forEach((one) => one.ws.terminate()));
    assert.equal(all.native.ws.protocol, 'chat.v1');
    const words = 'grüße 🎉 to all';
    all.native.ws.send(`BROADCAST:${words}`);
    await all.text.next(new RegExp(`^:native!\\S+ PRIVMSG #lobby :${words}$`));
    await all.binary.next(new RegExp(`^:native!\\S+ PRIVMSG #lobby :${words}$`));
    all.text.ws.send(`PRIVMSG #lobby :${words}`);
    await all.native.next(`MESSAGE:text:${words}`);
    await all.binary.next(new RegExp(`^:text!\\S+ PRIVMSG #lobby :${words}$`));
    all.binary.ws.send(Buffer.from(`PRIVMSG #lobby :${words}`));
    await all.native.next(`MESSAGE:binary:${words}`);
    await all.text.next(new RegExp(`^:binary!\\S+ PRIVMSG #lobby :${words}$`));
    // A message is a line, without its end, and of the kind that the subprotocol says.
    for (const [name, one] of Object.entries(all)) {
      assert.deepEqual([...one.kinds], [name === 'binary' ? 'binary' : 'text']);
      assert.ok(one.all.every((line) => !/[\r\n]/.test(line)));
    }
  }),
);

test(
  'WebSocket_SubprotocolOfferedSecond_IsTaken',
  kTimeout,
  withServer(async ({ port }, after) => {
    const one = await Socket.open(port, ['unheard.of', 'text.ircv3.net']);
    after(() => one.ws.terminate());
    assert.equal(one.ws.protocol, 'text.ircv3.net');
    assert.equal(one.ws.extensions, '');
  }),
);

test(
  'WebSocket_FragmentedMessage_IsPutTogetherWithAPingBetween',
  kTimeout,
  withServer(async ({ port }, after) => {
    const bob = await Native.connect(port, 'bob');
    after(() => bob.end());
    const alice = await nativeAs(port, 'alice');
    after(() => alice.ws.terminate());
    const pong = ended(alice.ws, 'pong');
    alice.ws.send('BROAD', { fin: false });
    alice.ws.send(Buffer.from('CAST:caf\xc3', 'latin1'), { fin: false, binary: false });
    alice.ws.ping('between');
    alice.ws.send(Buffer.from('\xa9', 'latin1'), { fin: false, binary: false });
    alice.ws.send('', { fin: true });
    await bob.next('MESSAGE:alice:café');
    assert.equal((await pong)[0].toString(), 'between');
  }),
);

test(
  'WebSocket_ServerAsksWhetherItIsThere_AndEndsWhatIsNot',
  kTimeout,
  withServer(
    async ({ port }, after) => {
      const lively = await nativeAs(port, 'lively');
      after(() => lively.ws.terminate());
      await ended(lively.ws, 'ping');
      await ended(lively.ws, 'ping');
      const deaf = await nativeAs(port, 'deaf', { autoPong: false });
      after(() => deaf.ws.terminate());
      await ended(deaf.ws, 'close');
      await ended(lively.ws, 'ping');
      assert.equal(lively.ws.readyState, WebSocket.OPEN);
    },
    ['--ping-interval', '1s'],
  ),
);

test(
  'WebSocket_Close_IsAnsweredWithItsCode',
  kTimeout,
  withServer(async ({ port }) => {
    for (const [given, answered] of [
      [1000, 1000],
      [1001, 1001],
      [4321, 4321],
      [undefined, 1005],
    ]) {
      const one = await nativeAs(port, 'alice');
      one.ws.close(given, given === undefined ? undefined : 'bye');
      assert.equal((await one.closed).code, answered);
    }
  }),
);

// What the package would never send goes past it.
const kBroken = [
  ['no mask', 1002, (ws) => ws._socket.write(Buffer.from([0x81, 2, 0x61, 0x62]))],
  ['a reserved bit', 1002, (ws) => ws._socket.write(Buffer.from([0xc1, 0x80, 0, 0, 0, 0]))],
  ['a reserved opcode', 1002, (ws) => ws._socket.write(Buffer.from([0x83, 0x80, 0, 0, 0, 0]))],
  ['a fragmented ping', 1002, (ws) => ws._socket.write(Buffer.from([0x09, 0x80, 0, 0, 0, 0]))],
  [
    'a continuation of nothing',
    1002,
    (ws) => ws._socket.write(Buffer.from([0x80, 0x80, 0, 0, 0, 0])),
  ],
  [
    'a close with half a code',
    1002,
    (ws) => ws._socket.write(Buffer.from([0x88, 0x81, 0, 0, 0, 0, 3])),
  ],
  [
    'a close with code 1005',
    1002,
    (ws) => ws._socket.write(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 3, 0xed])),
  ],
  ['text that is no UTF-8', 1007, (ws) => ws.send(Buffer.from([0xff]), { binary: false })],
  ['text that ends too early', 1007, (ws) => ws.send(Buffer.from([0xc3]), { binary: false })],
  ['a long message', 1009, (ws) => ws.send('x'.repeat(16385))],
  [
    'a long message in fragments',
    1009,
    (ws) => {
      for (let i = 0; i < 5; ++i) {
        ws.send('x'.repeat(4000), { fin: false });
      }
    },
  ],
];

test(
  'WebSocket_BrokenFrames_AreClosedWithTheRightCode',
  kTimeout,
  withServer(async ({ port }) => {
    for (const [what, code, breakIt] of kBroken) {
      const one = await nativeAs(port, 'alice');
      breakIt(one.ws);
      assert.equal((await one.closed).code, code, what);
    }
  }),
);

test(
  'WebSocket_BrokenHandshakes_AreRefusedInHttp',
  kTimeout,
  withServer(async ({ port }) => {
    for (const [what, status, where, options] of [
      ['another origin', 403, '/ws', { origin: 'https://evil.example' }],
      ['an address that is not there', 404, '/nowhere', {}],
      ['an old version', 426, '/ws', { protocolVersion: 8 }],
    ]) {
      const ws = new WebSocket(`ws://127.0.0.1:${port}${where}`, 'chat.v1', options);
      ws.on('error', () => {});
      const [, response] = await ended(ws, 'unexpected-response');
      assert.equal(response.statusCode, status, what);
      ws.terminate();
    }
  }),
);

test(
  'WebSocket_ServerStops_SaysSo',
  kTimeout,
  withServer(async (server) => {
    const one = await nativeAs(server.port, 'alice');
    await server.stop();
    assert.equal((await one.closed).code, 1001);
    await one.next(/^BYE:/);
  }),
);
