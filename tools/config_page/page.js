'use strict';
// The checks of hub/school/check.py and rules.py and the writer of writer.py, for browsers since Chrome 64.
var schema = JSON.parse(document.getElementById('schema').textContent);
var language = 'uk';

function sizeOf(text) { return Array.from(text).length; }
function bytesOf(text) { return new TextEncoder().encode(text).length; }
function shown(value) {
  var text = Array.from(JSON.stringify(value));
  return text.length <= schema.max_shown ? text.join('') : text.slice(0, schema.max_shown - 1).join('') + '…';
}
function fault(code, field, found, values) {
  return {code: code, key: field.key, values: Object.assign({found: field.secret ? '…' : shown(found)}, values || {})};
}

// What is wrong with a value of a field, or null.
function checkValue(field, value) {
  if (field.type === 'number') {
    if (typeof value !== 'number' || value !== Math.floor(value)) return fault('wrong-type', field, value);
    if (value >= field.least && value <= field.most) return null;
    var newer = field.key === 'version' && value > field.most;
    return fault(newer ? 'newer' : 'range', field, value, {least: field.least, most: field.most});
  }
  if (field.type === 'lines') {
    if (!Array.isArray(value)) return fault('wrong-type', field, value);
    return value.map(function (line) {
      return typeof line === 'string' ? checkText(field, line || ' ') : fault('wrong-type', field, line);
    }).filter(Boolean)[0] || null;
  }
  return typeof value === 'string' ? checkText(field, value) : fault('wrong-type', field, value);
}

function checkText(field, value) {
  if (!value) return field.required ? fault('empty', field, value) : null;
  if (new RegExp(schema.control, 'u').test(value)) return fault('control', field, value);
  if (field.choices.length) return field.choices.indexOf(value) >= 0 ? null : fault('choice', field, value);
  if (field.max_bytes && bytesOf(value) > field.max_bytes) {
    return fault('long-bytes', field, value, {count: bytesOf(value), most: field.max_bytes});
  }
  var fits = new RegExp('^(?:' + (field.pattern || '.*') + ')$', 'u').test(value);
  if (field.secret) {
    if (fits) return null;
    var begin = Array.from(/^[ -~]*/.exec(value)[0]).length;
    if (field.keeps && begin < sizeOf(value)) {
      return fault('secret-letters', field, '', {position: begin + 1, count: sizeOf(value)});
    }
    return fault('secret-pattern', field, '', {count: sizeOf(value)});
  }
  if (sizeOf(value) > field.max_chars) {
    return fault('long', field, value, {count: sizeOf(value), most: field.max_chars});
  }
  return fits ? null : fault('pattern', field, value);
}

function holds(condition, values) {
  var value = values[condition.key] || '';
  if (condition.test === 'in') return condition.words.indexOf(value) >= 0;
  if (condition.test === 'starts') {
    return condition.words.some(function (word) { return value.indexOf(word) === 0; });
  }
  return value.length > 0;
}

// Everything that is wrong: values first; rules between them only where each is right by itself.
function checkAll(values) {
  var faults = schema.fields.map(function (field) { return checkValue(field, values[field.key]); }).filter(Boolean);
  if (faults.length) return faults;
  var told = {};
  return schema.rules.filter(function (rule) {
    var broken = holds(rule.when, values) && !holds(rule.then, values) && !told[rule.code];
    if (broken) told[rule.code] = true;
    return broken;
  }).map(function (rule) { return {code: rule.code, key: rule.at, values: {}}; });
}

function commented(text) {
  return text.split('\n').map(function (line) { return '# ' + line; }).join('\n');
}
function toml(value) {
  if (typeof value === 'number') return String(value);
  if (!Array.isArray(value)) return JSON.stringify(value);
  if (!value.length) return '[]';
  return '[' + value.map(function (line) { return '\n  ' + JSON.stringify(line) + ','; }).join('') + '\n]';
}

// The text of the file, as hub.school.writer.write_config.
function writeConfig(values, inLanguage) {
  var parts = [commented(schema.header[inLanguage])];
  [''].concat(schema.sections).forEach(function (section) {
    if (section) parts.push(commented(schema.titles[section][inLanguage]) + '\n[' + section + ']');
    schema.fields.forEach(function (field) {
      if (field.section !== section) return;
      var value = values[field.key], line = field.name + ' = ' + toml(value);
      if (field.secret && !value && !field.keeps) line = '# ' + line;
      parts.push(commented(field.help[inLanguage]) + '\n' + line);
    });
  });
  return parts.join('\n\n') + '\n';
}

// The values of a file, as the office and this page write it, and the lines that could not be read; `taken` are the
// passwords that a hub has taken out of it. Notepad's slips are for the hub's reader, which tells them line by line.
function readConfig(text) {
  var values = defaults(), seen = {}, odd = [], section = '', lines = text.replace(/^\ufeff/, '').split(/\r\n|\n|\r/);
  for (var at = 0; at < lines.length; at++) {
    var number = at + 1, line = lines[at].trim();
    if (!line || line.charAt(0) === '#') continue;
    var heading = /^\[ *([a-z]+) *\] *(#.*)?$/.exec(line), pair = /^([a-z_.]+)\s*=\s*(.*)$/.exec(line);
    if (heading) { section = heading[1]; continue; }
    while (pair && pair[2].charAt(0) === '[' && !/\]\s*(#.*)?$/.test(pair[2]) && at + 1 < lines.length) pair[2] += lines[++at];
    var key = pair && (section && pair[1].indexOf('.') < 0 ? section + '.' : '') + pair[1];
    var field = schema.fields.filter(function (each) { return each.key === key; })[0];
    var value = field && readValue(pair[2]);
    if (value === undefined || Array.isArray(value) !== (field.type === 'lines')) { odd.push(number); continue; }
    values[key] = value;
    seen[key] = true;
  }
  var taken = schema.fields.filter(function (each) { return each.keeps && !seen[each.key]; });
  return {values: values, odd: odd, count: Object.keys(seen).length, taken: taken.map(function (each) { return each.key; })};
}
function readValue(text) {
  var found = /^("(?:[^"\\]|\\.)*"|[0-9]{1,6}|\[.*\])\s*(#.*)?$/.exec(text), literal = /^'([^']*)'\s*(#.*)?$/.exec(text);
  if (literal) return literal[1];
  try { return found ? JSON.parse(found[1].replace(/,\s*\]$/, ']')) : undefined; } catch (error) { return undefined; }
}

function defaults() {
  var values = {};
  schema.fields.forEach(function (field) { values[field.key] = field.default; });
  return values;
}

// The page's own words where it has some: what stands in the file is none of them.
function words(kind, key, others) { return (schema.page[kind][key] || others)[language]; }

function say(told) {
  var field = schema.fields.filter(function (each) { return each.key === told.key; })[0];
  var expects = words('expects', field.key, field.expects);
  var values = Object.assign({key: '«' + field.label[language] + '»', full: field.key, expects: expects}, told.values);
  return words('messages', told.code, schema.messages[told.code]).map(function (text) {
    return text.replace(/%\((\w+)\)s/g, function (_, name) { return values[name]; });
  }).join(' ');
}

function make(name, attributes, text) {
  var element = document.createElement(name);
  Object.keys(attributes).forEach(function (key) { element.setAttribute(key, attributes[key]); });
  if (text !== undefined) element.textContent = text;
  return element;
}
function idOf(field) { return 'f-' + field.key.replace('.', '-'); }
function entry(field) { return document.getElementById(idOf(field)); }

function named(field, choice) {
  var told = schema.choices[field.key];
  if (told) return told[choice][language] + ' (' + choice + ')';
  if (field.key !== 'country' || !window.Intl || !Intl.DisplayNames) return choice;
  return choice + ' ' + new Intl.DisplayNames([language], {type: 'region'}).of(choice);
}

function control(field) {
  if (field.choices.length) {
    var list = make('select', {id: idOf(field)});
    field.choices.forEach(function (choice) { list.appendChild(make('option', {value: choice}, named(field, choice))); });
    return list;
  }
  if (field.type === 'lines' || field.key === 'central.root') return make('textarea', {id: idOf(field), rows: 3});
  var number = field.type === 'number' ? {inputmode: 'numeric'} : {};
  return make('input', Object.assign({id: idOf(field), type: 'text', autocomplete: 'off', spellcheck: 'false',
    autocapitalize: 'off', placeholder: field.example}, number));
}

function draw(values) {
  var texts = schema.texts[language], form = document.getElementById('form');
  document.documentElement.lang = language;
  document.title = texts.title;
  ['title', 'intro', 'save'].forEach(function (id) { document.getElementById(id).textContent = texts[id]; });
  document.getElementById('open-label').textContent = texts.open;
  document.getElementById('opened').textContent = '';
  document.getElementById('text-title').textContent = texts.text;
  document.getElementById('language').textContent = texts.other;
  form.textContent = '';
  var office = make('details', {id: 'office'});
  office.appendChild(make('summary', {}, texts.office));
  [''].concat(schema.sections).forEach(function (section) {
    var group = make('fieldset', {});
    group.appendChild(make('legend', {}, section ? schema.titles[section][language] : texts.school));
    schema.fields.forEach(function (field) {
      if (field.section !== section || field.key === 'version') return;
      var box = make('div', {});
      box.appendChild(make('label', {'for': idOf(field)}, field.label[language]));
      box.appendChild(make('p', {'class': 'help', id: idOf(field) + '-help'}, words('help', field.key, field.help)));
      var element = control(field);
      element.setAttribute('aria-describedby', idOf(field) + '-help ' + idOf(field) + '-fault');
      element.value = field.type === 'lines' ? values[field.key].join('\n') : String(values[field.key]);
      box.appendChild(element);
      box.appendChild(make('p', {'class': 'fault', id: idOf(field) + '-fault'}));
      (field.office ? office : group).appendChild(box);
    });
    if (group.children.length > 1) form.appendChild(group);
  });
  form.appendChild(office);
  update(false);
}

function read() {
  var values = {};
  schema.fields.forEach(function (field) {
    var element = entry(field);
    if (!element) { values[field.key] = field.default; return; }
    var text = element.value;
    if (field.type === 'lines') {
      values[field.key] = text.split('\n').map(function (line) { return line.trim(); }).filter(Boolean);
    } else if (field.type === 'number') {
      values[field.key] = /^ *[0-9]{1,6} *$/.test(text) ? parseInt(text, 10) : text;
    } else {
      values[field.key] = field.secret ? text : text.replace(/[\u00a0\u202f]/g, ' ').trim();
    }
  });
  return values;
}

// Faults of fields that nobody has touched yet are told only once the file is to be saved.
var touched = {}, taken = [];
function update(all) {
  var values = read(), faults = checkAll(values), texts = schema.texts[language], first = null;
  taken.forEach(function (key) {
    var isUsed = key === 'wifi.password' ? values['wifi.mode'] === 'builtin' : values['uplink.kind'] === 'wifi';
    if (isUsed && !values[key]) faults.push({code: 'taken', key: key, values: {}});
  });
  schema.fields.forEach(function (field) {
    var element = entry(field);
    if (!element) return;
    var own = faults.filter(function (each) { return each.key === field.key && (all || touched[field.key]); })[0];
    element.classList.toggle('wrong', !!own);
    element.setAttribute('aria-invalid', own ? 'true' : 'false');
    document.getElementById(idOf(field) + '-fault').textContent = own ? say(own) : '';
    first = first || (own && element);
  });
  document.getElementById('text').textContent = faults.length ? '' : writeConfig(values, language);
  document.getElementById('result').textContent = faults.length ? (all ? texts.wrong : '') : texts.good;
  return {faults: faults, first: first, values: values};
}

function save() {
  var now = update(true);
  if (now.faults.length) {
    if (now.first && document.getElementById('office').contains(now.first)) document.getElementById('office').open = true;
    if (now.first) now.first.focus();
    return;
  }
  // CRLF, since the Notepad of old Windows shows nothing else as lines.
  var blob = new Blob([writeConfig(now.values, language).replace(/\n/g, '\r\n')], {type: 'text/plain;charset=utf-8'});
  var link = make('a', {href: URL.createObjectURL(blob), download: 'hub-config.txt'});
  document.body.appendChild(link);
  link.click();
  document.body.removeChild(link);
  document.getElementById('result').textContent = schema.texts[language].saved;
}

function decode(buffer) {
  var bytes = new Uint8Array(buffer), mark = bytes[0] * 256 + bytes[1];
  if (mark === 0xfffe) return new TextDecoder('utf-16le').decode(buffer);
  if (mark === 0xfeff) return new TextDecoder('utf-16be').decode(buffer);
  try { return new TextDecoder('utf-8', {fatal: true}).decode(buffer); } catch (error) { return new TextDecoder('windows-1251').decode(buffer); }
}

// Show what an existing file says; all of it is to be checked then.
function show(text) {
  var found = readConfig(text), texts = schema.texts[language];
  if (found.count) {
    taken = found.taken;
    draw(found.values);
    schema.fields.forEach(function (field) { touched[field.key] = true; });
    update(false);
  }
  var told = !found.count ? texts.other_file : found.odd.length ? texts.odd + ' ' + found.odd.slice(0, 20).join(', ') + '.' : texts.opened;
  document.getElementById('opened').textContent = told;
}

document.getElementById('language').addEventListener('click', function () {
  var values = read();
  language = language === 'uk' ? 'en' : 'uk';
  draw(values);
});
document.getElementById('open').addEventListener('change', function (event) {
  var reader = new FileReader();
  if (!event.target.files[0]) return;
  reader.onload = function () { show(decode(reader.result)); event.target.value = ''; };
  reader.readAsArrayBuffer(event.target.files[0]);
});
document.getElementById('save').addEventListener('click', save);
document.getElementById('form').addEventListener('change', function (event) {
  schema.fields.forEach(function (field) {
    if (entry(field) !== event.target) return;
    touched[field.key] = true;
    schema.rules.forEach(function (rule) { if (rule.when.key === field.key) touched[rule.at] = true; });
  });
  update(false);
});
document.getElementById('form').addEventListener('submit', function (event) { event.preventDefault(); });
draw(defaults());
