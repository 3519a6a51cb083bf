/* Ten sums with equal denominators. Plain ES5: old phones run it too. */
(function () {
  "use strict";

  var COUNT = 10;
  var form = document.getElementById("tasks");
  var score = document.getElementById("score");
  var tasks = [];

  function random(from, to) {
    return from + Math.floor(Math.random() * (to - from + 1));
  }

  function makeTask() {
    var below = random(3, 12);
    var first = random(1, below - 1);
    if (Math.random() < 0.5 && first < below - 1) {
      var second = random(1, below - first);
      return { first: first, sign: "+", second: second, below: below, answer: first + second };
    }
    first = random(2, below - 1);
    var taken = random(1, first - 1); // never 0 as an answer
    return { first: first, sign: "−", second: taken, below: below, answer: first - taken };
  }

  function fraction(above, below) {
    var span = document.createElement("span");
    span.className = "frac";
    var top = document.createElement("b");
    var slash = document.createElement("span"); // not seen: see .frac span
    var bottom = document.createElement("i");
    if (typeof above === "number") {
      top.appendChild(document.createTextNode(String(above)));
    } else {
      top.appendChild(above);
    }
    slash.appendChild(document.createTextNode("⁄"));
    bottom.appendChild(document.createTextNode(String(below)));
    span.appendChild(top);
    span.appendChild(slash);
    span.appendChild(bottom);
    return span;
  }

  function show(task, number) {
    var box = document.createElement("p");
    box.className = "task";
    task.input = document.createElement("input");
    task.input.setAttribute("inputmode", "numeric");
    task.input.setAttribute("autocomplete", "off");
    task.input.setAttribute("aria-label", "Чисельник відповіді до завдання " + number);
    task.mark = document.createElement("span");
    box.appendChild(document.createTextNode(number + ".  "));
    box.appendChild(fraction(task.first, task.below));
    box.appendChild(document.createTextNode(" " + task.sign + " "));
    box.appendChild(fraction(task.second, task.below));
    box.appendChild(document.createTextNode(" = "));
    box.appendChild(fraction(task.input, task.below));
    box.appendChild(task.mark);
    form.appendChild(box);
  }

  function check(event) {
    event.preventDefault();
    var right = 0;
    for (var i = 0; i < tasks.length; i += 1) {
      var good = tasks[i].input.value.trim() === String(tasks[i].answer);
      right += good ? 1 : 0;
      tasks[i].mark.className = good ? "good" : "bad";
      tasks[i].mark.textContent = good ? "  ✓ правильно" : "  ✗ спробуй ще";
    }
    score.textContent = "Правильних відповідей: " + right + " з " + COUNT +
      (right === COUNT ? ". Чудова робота!" : ".");
  }

  for (var i = 0; i < COUNT; i += 1) {
    tasks.push(makeTask());
    show(tasks[i], i + 1);
  }
  var button = document.createElement("button");
  button.type = "submit";
  button.appendChild(document.createTextNode("Перевірити"));
  form.appendChild(button);
  form.addEventListener("submit", check);
}());
