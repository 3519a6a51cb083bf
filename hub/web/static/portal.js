/* The portal's one script: suggestions, and this device's clock. Every page works without it. ES2015, for Chrome 64. */
(() => {
  'use strict';
  const WAIT_MS = 150;
  const SHORTEST = 2;

  const enhance = (box, number) => {
    const form = box.form;
    const list = form.appendChild(document.createElement('ul'));
    const said = form.appendChild(document.createElement('p'));
    let offers = [];
    let chosen = -1;
    let typed = box.value;
    let asked = '';
    let timer = 0;
    let request = null;

    const set = (element, values) => Object.keys(values).forEach((name) => element.setAttribute(name, values[name]));
    const item = (at) => list.children[at];

    const show = (found) => {
      offers = found;
      chosen = -1;
      list.textContent = '';
      found.forEach((offer, at) => {
        const line = list.appendChild(document.createElement('li'));
        line.textContent = offer.text;
        set(line, {role: 'option', id: `${list.id}-${at}`, 'aria-selected': false, class: offer.url ? '' : 'word'});
        line.addEventListener('mousedown', (event) => event.preventDefault());
        line.addEventListener('click', () => take(offer));
      });
      list.hidden = !found.length;
      set(box, {'aria-expanded': !list.hidden});
      box.removeAttribute('aria-activedescendant');
      said.textContent = found.length ? form.getAttribute('data-found').replace('#', found.length) : '';
    };

    const close = () => {
      clearTimeout(timer);
      if (request) request.abort();
      request = null;
      asked = '';
      show([]);
    };

    const choose = (at) => {
      if (chosen >= 0) set(item(chosen), {'aria-selected': false});
      chosen = at;
      box.value = at < 0 ? typed : offers[at].text;
      box.removeAttribute('aria-activedescendant');
      if (at < 0) return;
      set(item(at), {'aria-selected': true});
      set(box, {'aria-activedescendant': item(at).id});
      item(at).scrollIntoView({block: 'nearest'});
    };

    const take = (offer) => {
      close();
      box.value = offer.text;
      if (offer.url) location.assign(offer.url);
      else form.submit();
    };

    const ask = () => {
      const words = typed.trim();
      if (words === asked) return;
      if (request) request.abort();
      if (words.length < SHORTEST) {
        close();
        return;
      }
      asked = words;
      const own = request = new XMLHttpRequest();
      own.open('GET', '/search/suggest?q=' + encodeURIComponent(words));
      own.timeout = 3000;
      own.onload = () => {
        if (own === request && own.status === 200) show(JSON.parse(own.responseText).suggestions);
      };
      own.send();
    };

    const press = (event) => {
      const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
      const rows = offers.length + 1;
      if (event.isComposing) return;
      if (step && offers.length) choose((chosen + 1 + step + rows) % rows - 1);
      else if (event.key === 'Escape' && offers.length) {
        choose(-1);
        close();
      } else if (event.key === 'Enter' && chosen >= 0) take(offers[chosen]);
      else return;
      event.preventDefault();
    };

    list.id = `suggestions-${number}`;
    list.hidden = true;
    set(list, {class: 'suggestions', role: 'listbox', 'aria-label': box.placeholder});
    set(said, {class: 'hidden', role: 'status'});
    set(box, {role: 'combobox', 'aria-autocomplete': 'list', 'aria-controls': list.id, 'aria-expanded': false});
    box.addEventListener('input', () => {
      typed = box.value;
      clearTimeout(timer);
      timer = setTimeout(ask, WAIT_MS);
    });
    box.addEventListener('keydown', press);
    box.addEventListener('blur', close);
    form.addEventListener('submit', close);
  };

  document.querySelectorAll('form[role=search] input[type=search]').forEach(enhance);

  document.querySelectorAll('[data-now]').forEach((e) => e.form.addEventListener('submit', () => e.value = new Date().toISOString()));

  // Before Chrome 69, Tab may lead under a bar.
  if (!CSS.supports('scroll-padding', 0)) addEventListener('keyup', ({key, target}) => {
    if (key === 'Tab' && !target.closest('.menu,.bar')) target.scrollIntoView({block: 'center'});
  });
})();
