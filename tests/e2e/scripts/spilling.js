// What a learner presses or reads first, and whose words are wider than its box or stand outside the screen.
// Left out: what scrolls or is shortened on purpose, titles of lessons.
function () {
  var words = 'a, button, h1, h2, summary, label, .chip, .menu span, .foot span, dt';
  return [].filter.call(document.querySelectorAll(words), function (e) {
    var box = e.getBoundingClientRect();
    if (!box.width || e.closest('.crumbs, .filter > span, .skip, .hidden, .prose, .bar b')) return false;
    var spills = e.clientWidth && e.scrollWidth > e.clientWidth + 1;
    return spills || box.right > innerWidth + 1 || box.left < -1;
  }).map(function (e) { return e.outerHTML.slice(0, 160); });
}
