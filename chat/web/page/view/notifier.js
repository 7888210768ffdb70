// Tells whoever looks elsewhere: in the title of the page, and by notifications if that was asked
// for.

import { preferences } from '../preferences.js';
import { shorten, visible } from '../text.js';
import { byId, setIcon } from './dom.js';

const kProduct = 'reactor-chat';
const kTextMax = 140;

export class Notifier {
  #button = byId('notify');
  #announce;

  // announce(text): said at once.
  constructor(announce) {
    this.#announce = announce;
    this.#button.hidden = !('Notification' in globalThis);
    this.#button.addEventListener('click', () => this.#toggle());
    this.#show();
  }

  // For what is for oneself, while nobody looks.
  tell(title, text, tag, onClick) {
    if (!this.#isOn() || (document.visibilityState === 'visible' && document.hasFocus())) {
      return;
    }
    try {
      const notification = new Notification(title, {
        body: shorten(visible(text), kTextMax),
        tag,
        icon: 'icon.svg',
      });
      notification.onclick = () => {
        window.focus();
        notification.close();
        onClick();
      };
    } catch {
      // Some systems allow this only to pages with a worker.
    }
  }

  showTitle(conversation, all) {
    const urgent = all.reduce((sum, one) => sum + (one.isDirect ? one.unread : one.mentions), 0);
    const isUnread = all.some((one) => one.unread > 0);
    const mark = urgent > 0 ? `(${urgent}) ` : isUnread ? '• ' : '';
    document.title = `${mark}${conversation === null ? '' : `${conversation.title} – `}${kProduct}`;
  }

  #isOn() {
    return (
      preferences.wantsNotifications &&
      !this.#button.hidden &&
      Notification.permission === 'granted'
    );
  }

  async #toggle() {
    if (this.#isOn()) {
      preferences.wantsNotifications = false;
    } else {
      const permission = await Notification.requestPermission();
      preferences.wantsNotifications = permission === 'granted';
      if (permission !== 'granted') {
        this.#announce('The browser does not allow notifications for this page.');
      }
    }
    this.#show();
  }

  #show() {
    const isOn = this.#isOn();
    this.#button.setAttribute('aria-pressed', String(isOn));
    this.#button.title = isOn ? 'Notifications are on' : 'Turn on notifications';
    setIcon(this.#button, isOn ? 'bell' : 'bell-off');
  }
}
