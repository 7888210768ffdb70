// Where things are: the drawers of a small screen, the room above an on-screen keyboard, and the
// keys that work everywhere.

import { byId, setIcon } from './dom.js';
import { preferences } from '../preferences.js';

const kNarrow = matchMedia('(max-width: 760px)');
const kNoPeople = matchMedia('(max-width: 1100px)');

export class Layout {
  #app = byId('app');
  #sidebar = byId('sidebar');
  #people = byId('people');
  #scrim = byId('scrim');
  #open = null; // the drawer
  #opener = null;

  constructor() {
    byId('sidebar-open').addEventListener('click', () => this.#openDrawer(this.#sidebar));
    byId('sidebar-close').addEventListener('click', () => this.closeDrawer());
    byId('people-button').addEventListener('click', () => this.togglePeople());
    byId('people-close').addEventListener('click', () => this.togglePeople());
    this.#scrim.addEventListener('click', () => this.closeDrawer());
    kNarrow.addEventListener('change', () => this.#settle());
    kNoPeople.addEventListener('change', () => this.#settle());
    visualViewport?.addEventListener('resize', () => this.#fitKeyboard());
    visualViewport?.addEventListener('scroll', () => this.#fitKeyboard());
    this.#settle();
    this.#wireTheme();
  }

  get hasDrawer() {
    return this.#open !== null;
  }

  togglePeople() {
    if (kNoPeople.matches) {
      if (this.#open === this.#people) {
        this.closeDrawer();
      } else {
        this.#openDrawer(this.#people);
      }
      return;
    }
    this.#people.hidden = !this.#people.hidden;
    this.#tell();
  }

  closeDrawer() {
    if (this.#open !== null) {
      this.#settle();
      this.#opener?.focus();
    }
  }

  #openDrawer(drawer) {
    this.#settle();
    this.#opener = document.activeElement;
    this.#open = drawer;
    drawer.hidden = false;
    drawer.inert = false;
    drawer.classList.add('open');
    this.#scrim.hidden = false;
    byId('main').inert = true;
    (drawer.querySelector('[aria-current]') ?? drawer.querySelector('button')).focus();
    this.#tell();
  }

  // As it is without a drawer.
  #settle() {
    this.#open = null;
    this.#scrim.hidden = true;
    byId('main').inert = false;
    this.#sidebar.classList.remove('open');
    this.#people.classList.remove('open');
    this.#sidebar.inert = kNarrow.matches;
    this.#people.hidden = kNoPeople.matches;
    this.#tell();
  }

  #tell() {
    byId('sidebar-open').setAttribute('aria-expanded', String(this.#open === this.#sidebar));
    byId('people-button').setAttribute('aria-expanded', String(!this.#people.hidden));
  }

  // Where a keyboard covers the page instead of making it smaller.
  #fitKeyboard() {
    const { height, offsetTop, scale } = visualViewport;
    const isCovered = scale === 1 && innerHeight - height > 80;
    this.#app.style.height = isCovered ? `${height}px` : '';
    this.#app.style.transform = isCovered && offsetTop > 0 ? `translateY(${offsetTop}px)` : '';
  }

  #wireTheme() {
    const button = byId('theme');
    const show = () => {
      const isDark = document.documentElement.dataset.theme === 'dark';
      button.setAttribute('aria-pressed', String(isDark));
      setIcon(button, isDark ? 'sun' : 'moon');
    };
    button.addEventListener('click', () => {
      const isDark = document.documentElement.dataset.theme === 'dark';
      preferences.theme = isDark ? 'light' : 'dark';
      document.documentElement.dataset.theme = isDark ? 'light' : 'dark';
      dispatchEvent(new Event('themechosen'));
      show();
    });
    new MutationObserver(show).observe(document.documentElement, {
      attributeFilter: ['data-theme'],
    });
    show();
  }
}
