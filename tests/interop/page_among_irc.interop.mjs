// Somebody with the page and somebody with an IRC client: rooms, topics, names, bans and keys are
// the same things to both.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';

import { Browsers, closeBrowser, join, say, shows, title, until } from '../web/browser_bench.mjs';
import { kTimeout, withServer } from './bench.mjs';
import { Person } from './irc_person.mjs';

after(closeBrowser);

// test(alice, bob): alice has the page, bob IRC.
function withBoth(test) {
  return withServer(async (server, after) => {
    const browsers = new Browsers(server);
    after(() => browsers.end());
    const alice = await browsers.person('alice');
    const bob = await Person.connect(server.port, 'bob');
    after(() => bob.end());
    await test(alice, bob);
    assert.deepEqual(browsers.complaints, [], 'the browser has nothing to complain about');
  });
}

function note(page, text) {
  return page.waitForSelector(`#rows .note:has-text(${JSON.stringify(text)})`);
}

test(
  'PageAmongIrc_WhoMakesARoomInThePage_IsItsOperator',
  kTimeout,
  withBoth(async (alice, bob) => {
    await join(alice, 'dev');
    bob.client.join('#dev');
    const { users } = await bob.next('userlist', ({ channel }) => channel === '#dev');
    const modes = Object.fromEntries(users.map((user) => [user.nick, user.modes]));
    assert.deepEqual(modes, { alice: ['o'], bob: [] });
    await say(alice, '/topic <b>what</b> we do');
    const isSet = ({ channel, topic }) => channel === '#dev' && topic !== '';
    assert.equal((await bob.next('topic', isSet)).topic, '<b>what</b> we do');
    await say(alice, '/mode +k sesame');
    const { modes: changes } = await bob.next('mode', ({ target }) => target === '#dev');
    assert.deepEqual(changes, [{ mode: '+k', param: 'sesame' }]);
    await say(alice, '/kick bob out with you');
    const kick = await bob.next('kick');
    assert.equal(kick.nick, 'alice');
    assert.equal(kick.message, 'out with you');
    bob.client.join('#dev');
    await bob.next('irc error', ({ error }) => error === 'bad_channel_key');
    bob.client.join('#dev', 'sesame');
    await bob.next('userlist', ({ channel }) => channel === '#dev');
    bob.client.say('#dev', 'back again');
    await shows(alice, ['alice has set the topic: <b>what</b> we do', 'back again']);
  }),
);

test(
  'PageAmongIrc_OperatorWithIrc_IsObeyedByThePage',
  kTimeout,
  withBoth(async (alice, bob) => {
    await bob.join('#ops');
    await join(alice, 'ops');
    bob.client.setTopic('#ops', 'quiet please');
    await until(alice, 'quiet please', "() => document.getElementById('subtitle').textContent");
    bob.client.mode('#ops', '+m');
    await note(alice, 'bob has changed this room: +m');
    await say(alice, 'may I?');
    await alice.waitForSelector('#rows .message[data-state=refused]:has-text("may I?")');
    bob.client.mode('#ops', '+v', 'alice');
    await note(alice, 'bob has changed this room: +v alice');
    await alice.click('#rows .message[data-state=refused] button:has-text("Send again")');
    await bob.next('privmsg', ({ message }) => message === 'may I?');
    bob.client.ban('#ops', 'alice!*@*');
    await note(alice, 'bob has changed this room: +b alice!*@*');
    bob.client.raw('KICK #ops alice :enough');
    await note(alice, 'bob has put you out of this room: enough');
    await alice.click('#offer button:has-text("Join again")');
    await alice.waitForSelector('dialog[open]:has-text("did not let you in")');
    await alice.keyboard.press('Escape');
    bob.client.unban('#ops', 'alice!*@*');
    await bob.next('mode', ({ modes }) => modes?.[0].mode === '-b');
    await alice.click('#offer button:has-text("Join again")');
    await bob.next('join', ({ nick, channel }) => nick === 'alice' && channel === '#ops');
  }),
);

test(
  'PageAmongIrc_Invitation_OpensTheRoom',
  kTimeout,
  withBoth(async (alice, bob) => {
    await bob.join('#ops');
    bob.client.mode('#ops', '+i');
    await bob.next('mode', ({ modes }) => modes?.[0].mode === '+i');
    bob.client.invite('#ops', 'alice');
    await alice.waitForSelector('#requests:not([hidden]) li:has-text("bob asks you into #ops")');
    await alice.click('#request-list button:has-text("Join")');
    await title(alice, '#ops');
    await bob.next('join', ({ nick, channel }) => nick === 'alice' && channel === '#ops');
  }),
);

test(
  'PageAmongIrc_NamesAndWhatIsSaid_AreTheSame',
  kTimeout,
  withBoth(async (alice, bob) => {
    const people =
      "() => [...document.querySelectorAll('#people-list .name')].map((e) => e.textContent)";
    bob.client.changeNick('robert');
    await until(alice, ['alice', 'robert'], people);
    await note(alice, 'bob is now called robert');
    bob.client.action('#lobby', 'waves');
    await alice.waitForSelector('#rows .message.action:has-text("* robert waves")');
    await say(alice, '/me waves back');
    const isHers = ({ nick }) => nick === 'alice';
    assert.equal((await bob.next('action', isHers)).message, 'waves back');
    bob.client.notice('#lobby', 'noted');
    await alice.waitForSelector('#rows .message:has-text("noted")');
    bob.client.say('#lobby', '\x02bold\x02 \x0304,01red\x03 <b>markup</b>');
    await alice.waitForSelector('#rows .message:has-text("<b>markup</b>")');
    bob.client.say('alice', 'psst');
    await alice.click('#direct-list button:has-text("robert")');
    await shows(alice, ['psst']);
    await say(alice, 'yes?');
    const answer = await bob.next('privmsg', isHers);
    assert.deepEqual([answer.target, answer.message], ['robert', 'yes?']);
    bob.client.quit('off I go');
    await until(alice, ['alice'], people);
  }),
);
