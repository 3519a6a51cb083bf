// What one taps that is smaller than this many pixels; links in the flow of a text may be.
function (least) {
  function seen(e) { return e.getClientRects().length && getComputedStyle(e).visibility === 'visible'; }
  return [].filter.call(document.querySelectorAll('a, button, input, select, summary, [role=button]'), function (e) {
    var box = e.getBoundingClientRect(), inText = e.closest('p, td, dd, .prose') && getComputedStyle(e).display === 'inline';
    return seen(e) && !inText && box.right > 0 && (box.height < least || box.width < least);
  }).map(function (e) {
    var box = e.getBoundingClientRect();
    return Math.round(box.width) + 'x' + Math.round(box.height) + ' ' + e.outerHTML.slice(0, 120);
  });
}
