// Makes elements. Everything that comes from others goes in as text.

const kSvg = 'http://www.w3.org/2000/svg';

export function byId(id) {
  return document.getElementById(id);
}

// properties: class and other attributes, `on` for listeners {event: listener}, `data` for
// data-attributes. What is null or false is left out, true is an attribute without a value.
// children: nodes or texts.
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === 'on') {
      Object.entries(value).forEach(([event, action]) => element.addEventListener(event, action));
    } else if (name === 'data') {
      Object.assign(element.dataset, value);
    } else if (value !== null && value !== false) {
      element.setAttribute(name, value === true ? '' : value);
    }
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

export function makeSvg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(kSvg, tag);
  Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
  element.append(...children);
  return element;
}

export function icon(name) {
  return makeSvg('svg', { 'aria-hidden': 'true' }, makeSvg('use', { href: `#i-${name}` }));
}

export function setIcon(button, name) {
  button.querySelector('use').setAttribute('href', `#i-${name}`);
}

// Makes these the children, in this order, without touching those that are in their places: what is
// pressed at this moment must not be taken away from under the finger.
export function arrange(parent, elements) {
  const wanted = new Set(elements);
  [...parent.children].filter((child) => !wanted.has(child)).forEach((child) => child.remove());
  let next = parent.firstElementChild;
  for (const element of elements) {
    if (element === next) {
      next = next.nextElementSibling;
    } else {
      parent.insertBefore(element, next);
    }
  }
}

export function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

// What only a screen reader says.
export function unseen(text) {
  return make('span', { class: 'hidden' }, text);
}

// So many colours are in the style sheet; a name always has the same one.
const kHues = 8;

export function hueOf(name) {
  let hash = 0;
  for (const character of name.toLowerCase()) {
    hash = (Math.imul(hash, 31) + character.codePointAt(0)) >>> 0;
  }
  return String(hash % kHues);
}

export function fillAvatar(element, name) {
  setText(element, name.slice(0, 1).toUpperCase());
  element.dataset.hue = hueOf(name);
}

export function avatar(name) {
  const element = make('span', { class: 'avatar', 'aria-hidden': 'true' });
  fillAvatar(element, name);
  return element;
}

// Up and down go through the buttons of a list.
export function moveByArrows(list) {
  list.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined || event.altKey || event.ctrlKey || event.metaKey) {
      return;
    }
    const buttons = [...list.querySelectorAll('button')];
    const next = buttons[buttons.indexOf(document.activeElement) + step];
    if (next !== undefined) {
      event.preventDefault();
      next.focus();
    }
  });
}
