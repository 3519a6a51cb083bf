// The controls that a person sees, in the order of the document, with how each looks while it has no focus.
(function () {
  function look(e) {
    var s = getComputedStyle(e), box = e.getBoundingClientRect();
    var clear = s.outlineStyle === 'none' || s.outlineWidth === '0px' || /rgba\(.*, 0\)/.test(s.outlineColor);
    return [clear ? '' : s.outline, s.boxShadow, s.backgroundColor, s.borderColor, s.textDecorationLine,
      Math.round(box.left)].join('|');
  }
  function seen(e) {
    return e.getClientRects().length && (!e.checkVisibility || e.checkVisibility({visibilityProperty: true}));
  }
  var all = 'a[href], button, input, select, textarea, summary, iframe, video[controls], audio[controls], [tabindex]';
  window.controls = [].filter.call(document.querySelectorAll(all), function (e) {
    return e.tabIndex >= 0 && !e.disabled && e.type !== 'hidden' && seen(e);
  });
  window.before = window.controls.map(look);
  window.told = function () {
    var e = document.activeElement, n = window.controls.indexOf(e), box = e.getBoundingClientRect();
    if (e === document.body || e === document.documentElement) return null;
    var hit = document.elementFromPoint(
      Math.max(1, Math.min(innerWidth - 1, box.left + Math.min(box.width / 2, 20))),
      Math.max(1, Math.min(innerHeight - 1, box.top + box.height / 2)));
    return {number: n, html: e.outerHTML.slice(0, 120), tag: e.tagName,
      shown: look(e) !== window.before[n],
      covered: !(hit && (e.contains(hit) || hit.contains(e)))};
  };
  return window.controls.length;
})()
