// The npm package irc-framework as an IRC client that is not ours.

import assert from 'node:assert/strict';
import test from 'node:test';

import { kTimeout, Native, withServer } from './bench.mjs';
import { kWanted, Person } from './irc_person.mjs';

// test(people, server): alice and bob, both in #dev, which alice has made.
function withTwo(test) {
  return withServer(async ({ port }, after) => {
    const person = async (name, options) => {
      const one = await Person.connect(port, name, options);
      after(() => one.end());
      return one;
    };
    const alice = await person('alice');
    await alice.join('#dev');
    const bob = await person('bob');
    await bob.join('#dev');
    await test({ alice, bob, person, port });
  });
}

test(
  'Irc_Registration_GrantsWhatItOffersAndTellsTheTruth',
  kTimeout,
  withTwo(async ({ alice, person }) => {
    const { network } = alice.client;
    assert.deepEqual(
      kWanted.filter((cap) => !network.cap.isEnabled(cap)),
      [],
    );
    await alice.next('motd');
    await alice.next('server options');
    assert.equal(network.options.CASEMAPPING, 'ascii');
    assert.deepEqual(network.options.CHANTYPES, ['#']);
    assert.deepEqual(
      network.options.PREFIX.map(({ symbol, mode }) => symbol + mode),
      ['@o', '+v'],
    );
    assert.equal(network.options.NICKLEN, '32');
    assert.ok('UTF8ONLY' in network.options);
    // The lobby is everybody's.
    await alice.next('join', (event) => event.channel === '#lobby' && event.nick === 'alice');
    await assert.doesNotReject(person('carol'));
  }),
);

test(
  'Irc_Messages_GoBothWaysAndComeBackToWhoSaidThem',
  kTimeout,
  withTwo(async ({ alice, bob }) => {
    alice.client.say('#dev', 'hello bob');
    const heard = await bob.next('privmsg');
    const echoed = await alice.next('privmsg');
    for (const event of [heard, echoed]) {
      assert.equal(event.nick, 'alice');
      assert.equal(event.target, '#dev');
      assert.equal(event.message, 'hello bob');
    }
    assert.ok(heard.tags.msgid);
    assert.equal(heard.tags.msgid, echoed.tags.msgid);
    assert.equal(heard.time, echoed.time);
    assert.ok(Math.abs(heard.time - Date.now()) < 60_000);
    bob.client.say('alice', 'hello in private');
    const secret = await alice.next('privmsg', (event) => event.target === 'alice');
    assert.equal(secret.message, 'hello in private');
    await bob.next('privmsg', (event) => event.target === 'alice');
    bob.client.action('#dev', 'waves');
    assert.equal((await alice.next('action')).message, 'waves');
    bob.client.notice('#dev', 'noted');
    assert.equal((await alice.next('notice', (event) => event.target === '#dev')).message, 'noted');
    bob.client.ctcpRequest('alice', 'VERSION');
    const version = await bob.next('ctcp response', (event) => event.nick === 'alice');
    assert.equal(version.message, 'VERSION node.js irc-framework');
    // What is long goes in lines that all arrive.
    const long = 'grüße-'.repeat(200);
    alice.client.say('#dev', long);
    let got = '';
    while (got.length < long.length) {
      got += (await bob.next('privmsg', (event) => event.target === '#dev')).message;
    }
    assert.equal(got, long);
  }),
);

test(
  'Irc_NativeMessageThatIsLong_ComesInPiecesThatAreWhole',
  kTimeout,
  withTwo(async ({ alice, port }) => {
    const native = await Native.connect(port, 'native');
    native.say('JOIN:dev');
    await native.next('JOINED:dev');
    const text = '€äx'.repeat(600);
    native.say(`SAY:dev:${text}`);
    let got = '';
    while (got.length < text.length) {
      const { message } = await alice.next('privmsg', (event) => event.nick === 'native');
      got += message;
    }
    native.end();
    assert.equal(got, text);
  }),
);

test(
  'Irc_Labels_NameTheAnswerHoweverLongItIs',
  kTimeout,
  withTwo(async ({ alice }) => {
    alice.client.raw('@label=many WHOIS bob');
    const batch = await alice.next('batch end labeled-response');
    assert.equal(batch.commands[0].command, '311');
    assert.equal(batch.commands.at(-1).command, '318');
    await alice.next('raw', ({ line }) => /^@(\S+;)?label=many[; ].* BATCH \+/.test(line));
    alice.client.raw('@label=one PING x');
    await alice.next('raw', ({ line }) => /^@(\S+;)?label=one[; ].* PONG \S+ :?x\s*$/.test(line));
    alice.client.raw('@label=none PONG x');
    await alice.next('raw', ({ line }) => /^@(\S+;)?label=none[; ].* ACK\s*$/.test(line));
    alice.client.raw('@label=said PRIVMSG #dev :with a label');
    const said = await alice.next('privmsg', (event) => event.message === 'with a label');
    assert.equal(said.tags.label, 'said');
  }),
);

test(
  'Irc_People_AreFoundByWhoisAndWho',
  kTimeout,
  withTwo(async ({ alice, bob }) => {
    alice.client.whois('bob');
    const whois = await alice.next('whois');
    assert.equal(whois.nick, 'bob');
    assert.equal(whois.real_name, 'bob of the tests');
    // That everybody is in the lobby needs not be said.
    assert.equal(whois.channels, '#dev');
    alice.client.whois('nobody');
    assert.equal((await alice.next('whois')).error, 'not_found');
    bob.client.who('#dev');
    const { users } = await bob.next('wholist');
    const [first, second] = users.sort((a, b) => (a.nick < b.nick ? -1 : 1));
    assert.equal(users.length, 2);
    assert.equal(first.nick, 'alice');
    assert.deepEqual(first.channel_modes, ['o']);
    assert.equal(first.real_name, 'alice of the tests');
    assert.equal(second.nick, 'bob');
    assert.deepEqual(second.channel_modes, []);
    bob.client.quit('off I go');
    await alice.next('quit', (event) => event.nick === 'bob' && /off I go/.test(event.message));
    alice.client.whowas('bob');
    assert.equal((await alice.next('whowas')).nick, 'bob');
  }),
);

test(
  'Irc_Names_AreChangedAndTakenOnlyOnce',
  kTimeout,
  withTwo(async ({ alice, bob }) => {
    bob.client.changeNick('ALICE');
    assert.equal((await bob.next('nick in use')).nick, 'ALICE');
    bob.client.changeNick('robert');
    for (const one of [alice, bob]) {
      const event = await one.next('nick');
      assert.equal(event.nick, 'bob');
      assert.equal(event.new_nick, 'robert');
    }
    assert.equal(bob.client.user.nick, 'robert');
    bob.client.say('#dev', 'it is me');
    assert.equal((await alice.next('privmsg')).nick, 'robert');
  }),
);

test(
  'Irc_Away_IsToldToThoseWhoAskAndThoseWhoSeeOneAnother',
  kTimeout,
  withTwo(async ({ alice, bob }) => {
    bob.client.raw('AWAY :at lunch');
    assert.equal((await bob.next('away')).self, true);
    assert.equal((await alice.next('away')).message, 'at lunch');
    alice.client.say('bob', 'are you there?');
    assert.equal((await alice.next('away')).message, 'at lunch');
    alice.client.whois('bob');
    assert.equal((await alice.next('whois')).away, 'at lunch');
    bob.client.raw('AWAY');
    await alice.next('back', (event) => event.nick === 'bob');
  }),
);

test(
  'Irc_Rooms_AreListedWithTheirTopics',
  kTimeout,
  withTwo(async ({ alice, bob }) => {
    alice.client.setTopic('#dev', 'what we do: this');
    for (const one of [alice, bob]) {
      const event = await one.next('topic', ({ topic }) => topic !== '');
      assert.equal(event.channel, '#dev');
      assert.equal(event.nick, 'alice');
      assert.equal(event.topic, 'what we do: this');
    }
    // The lobby, which everybody knows, only if one asks for it.
    for (const [wanted, room] of [
      [[], ['#dev', 2, 'what we do: this']],
      [['#lobby'], ['#lobby', 2, '']],
    ]) {
      bob.client.list(...wanted);
      const rooms = await bob.next('channel list');
      await bob.next('channel list end');
      assert.deepEqual(
        rooms.map(({ channel, num_users: people, topic }) => [channel, people, topic]),
        [room],
      );
    }
    bob.client.part('#dev', 'enough');
    await alice.next('part', (event) => event.nick === 'bob' && event.channel === '#dev');
    // Who comes later is told the topic.
    await bob.join('#dev');
    await bob.next('topic', ({ topic }) => topic === 'what we do: this');
    alice.client.clearTopic('#dev');
    await bob.next('topic', ({ topic }) => topic === '');
  }),
);

test(
  'Irc_Operators_Moderate',
  kTimeout,
  withTwo(async ({ alice, bob, person }) => {
    // Only who may.
    bob.client.raw('KICK #dev alice :no');
    await bob.next('irc error', (event) => event.error === 'chanop_privs_needed');
    alice.client.mode('#dev', '+o', 'bob');
    for (const one of [alice, bob]) {
      const event = await one.next('mode', ({ target }) => target === '#dev');
      assert.equal(event.nick, 'alice');
      assert.deepEqual(event.modes, [{ mode: '+o', param: 'bob' }]);
    }
    const carol = await person('carol');
    await carol.join('#dev');
    bob.client.raw('KICK #dev carol :out with you');
    for (const one of [alice, carol]) {
      const event = await one.next('kick');
      assert.equal(event.kicked, 'carol');
      assert.equal(event.nick, 'bob');
      assert.equal(event.message, 'out with you');
    }
    bob.client.ban('#dev', 'carol!*@*');
    await alice.next('mode', ({ modes }) => modes?.[0].mode === '+b');
    alice.client.banlist('#dev');
    const { bans } = await alice.next('banlist');
    assert.deepEqual(
      bans.map(({ banned }) => banned),
      ['carol!*@*'],
    );
    carol.client.join('#dev');
    await carol.next('irc error', (event) => event.error === 'banned_from_channel');
    bob.client.unban('#dev', 'carol!*@*');
    await alice.next('mode', ({ modes }) => modes?.[0].mode === '-b');
    // By invitation only.
    alice.client.mode('#dev', '+i');
    await bob.next('mode', ({ modes }) => modes?.[0].mode === '+i');
    carol.client.join('#dev');
    await carol.next('irc error', (event) => event.error === 'invite_only_channel');
    alice.client.invite('#dev', 'carol');
    await carol.next('invite', (event) => event.channel === '#dev');
    await carol.join('#dev');
    // And quiet.
    alice.client.mode('#dev', '+m');
    await carol.next('mode', ({ modes }) => modes?.[0].mode === '+m');
    carol.client.say('#dev', 'may I?');
    await carol.next('irc error', (event) => event.error === 'cannot_send_to_channel');
    alice.client.mode('#dev', '+v', 'carol');
    await carol.next('mode', ({ modes }) => modes?.[0].mode === '+v');
    carol.client.say('#dev', 'I may');
    assert.equal((await bob.next('privmsg')).message, 'I may');
  }),
);

test(
  'Irc_WithoutCapabilities_IsAsItWasIn1993',
  kTimeout,
  withServer(async ({ port }, after) => {
    const old = new Native(port);
    after(() => old.end());
    old.say('NICK old');
    old.say('USER old 0 * :an old client');
    await old.next(/^:\S+ 001 old :/);
    await old.next(/^:\S+ 366 old #lobby :/);
    const young = await Person.connect(port, 'young');
    after(() => young.end());
    young.client.say('#lobby', 'hello');
    assert.match(await old.next(/ PRIVMSG /), /^:young!\S+ PRIVMSG #lobby :hello$/);
    old.say('PRIVMSG #lobby :hello yourself');
    await young.next('privmsg', (event) => event.nick === 'old');
    old.say('PING :here');
    assert.match(await old.next(/ PONG /), /^:\S+ PONG \S+ :?here$/);
    assert.ok(!old.all.some((line) => line.startsWith('@')), 'no tags');
    assert.ok(!old.all.some((line) => /^:old!\S+ PRIVMSG/.test(line)), 'no echo');
  }),
);
