// Makes pages pleasanter; every page works without it. It stores nothing, asks for no permission, and talks only to
// the address that the form or link on the page names.
"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  /* Quantities */

  const clamp = (input, value) => Math.min(Number(input.max || 999999), Math.max(Number(input.min || 0), value));
  const typed = (input) => Math.max(0, Math.floor(Number(input.value)) || 0);

  function step(button, by) {
    const input = button.closest("[data-qty]").querySelector("input");
    input.value = clamp(input, typed(input) + by);
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  /* The product page: tier and sum follow the typing. What counts is what the server works out. */

  const grouped = (digits) => digits.replace(/\B(?=(\d{3})+$)/g, ",");

  function money(form, minor) {
    const digits = Number(form.dataset.digits);
    const text = String(minor).padStart(digits + 1, "0");
    const whole = digits ? text.slice(0, -digits) : text;
    return form.dataset.prefix + grouped(whole) + (digits ? "." + text.slice(-digits) : "");
  }

  const filled = (template, words) => template.replace(/\{(\w+)\}/g, (whole, name) => words[name] ?? whole);

  function reckon(form) {
    const tiers = form.dataset.tiers.split(",").map((tier) => tier.split(":").map(Number));
    const inputs = all("[data-qty] input", form);
    const total = inputs.reduce((sum, input) => sum + typed(input), 0);
    const tier = tiers.filter(([from]) => from <= total).pop() ?? tiers[0];
    const unit = (n) => (n === 1 ? form.dataset.one : form.dataset.many);
    let sum = 0;
    for (const cell of all("[data-price]", form)) {
      const each = tier[1] + Number(cell.dataset.price);
      cell.textContent = money(form, each);
      const input = cell.closest("tr").querySelector("[data-qty] input");
      sum += input ? typed(input) * each : 0;
    }
    for (const item of all("[data-from]", form)) {
      if (Number(item.dataset.from) === tier[0]) item.setAttribute("aria-current", "true");
      else item.removeAttribute("aria-current");
    }
    const minimum = Number(form.dataset.minimum);
    const next = tiers.find(([from]) => from > total);
    let advice = "";
    if (total > 0 && total < minimum) {
      const n = minimum - total;
      advice = filled(form.dataset.lacking, { n: grouped(String(n)), unit: unit(n) });
    } else if (total >= minimum && next) {
      const n = next[0] - total;
      advice = filled(form.dataset.next, { n: grouped(String(n)), unit: unit(n), price: money(form, next[1]) });
    }
    form.querySelector("[data-advice]").textContent = advice;
    form.querySelector("[data-sum]").hidden = total === 0;
    form.querySelector("[data-quantity]").textContent = grouped(String(total)) + " " + unit(total);
    form.querySelector("[data-total]").textContent = money(form, sum);
  }

  /* Forms without a new page. On any doubt the form is sent as the browser would. */

  async function send(form, submitter) {
    const body = new URLSearchParams(new FormData(form));
    if (submitter?.name) body.set(submitter.name, submitter.value);
    const answer = await fetch(form.action, { method: "POST", body, credentials: "same-origin" });
    const kind = answer.headers.get("content-type") ?? "";
    if (!kind.startsWith("text/html")) throw new Error("not a page");
    return { answer, page: new DOMParser().parseFromString(await answer.text(), "text/html") };
  }

  function takeCount(page) {
    const there = page.querySelector("[data-cart]");
    if (there) document.querySelector("[data-cart]")?.replaceChildren(...there.childNodes);
  }

  function takeMain(page) {
    const focused = document.activeElement?.id;
    const main = page.querySelector("main");
    document.querySelector("main").replaceWith(document.adoptNode(main));
    document.title = page.title;
    takeCount(page);
    prepare(main);
    if (focused) document.getElementById(focused)?.focus();
  }

  function tell(text, href, label) {
    document.querySelector(".toast")?.remove();
    const toast = document.createElement("div");
    toast.className = "toast";
    toast.setAttribute("role", "status");
    const words = document.createElement("span");
    words.textContent = text;
    const link = document.createElement("a");
    link.href = href;
    link.textContent = label;
    toast.append(words, link);
    document.body.append(toast);
    setTimeout(() => toast.remove(), 6000);
  }

  /* What the server works on is looked at again until it is done. */

  async function lookAgain() {
    try {
      const answer = await fetch(location.href, { credentials: "same-origin" });
      if (!answer.ok) throw new Error("not there");
      takeMain(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      setTimeout(lookAgain, 5000);
    }
  }

  async function add(form, submitter) {
    const { answer, page } = await send(form, submitter);
    if (answer.ok && new URL(answer.url).pathname === form.dataset.add) {
      takeCount(page);
      tell(form.dataset.added, form.dataset.add, form.dataset.toCart);
    } else if (answer.redirected) {
      location.assign(answer.url);
    } else {
      takeMain(page);
    }
  }

  async function swap(form) {
    const { answer, page } = await send(form, null);
    if (answer.redirected && new URL(answer.url).pathname !== location.pathname) location.assign(answer.url);
    else takeMain(page);
  }

  function submitPlainly(form, submitter) {
    if (submitter?.name) {
      const field = document.createElement("input");
      field.type = "hidden";
      field.name = submitter.name;
      field.value = submitter.value;
      form.append(field);
    }
    form.submit();
  }

  /* Suggestions under the search field: what is typed goes to the address that its form names, without cookies, and is
     kept neither there nor here. Without an answer the field is what it was. */

  function suggest(form) {
    const input = form.querySelector("input[name=q]");
    const list = document.createElement("div");
    list.id = "suggestions";
    list.className = "suggestions";
    list.hidden = true;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", form.dataset.label);
    const said = document.createElement("span");
    said.className = "unseen";
    said.setAttribute("role", "status");
    form.append(list, said);
    for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-controls", list.id], ["aria-expanded", "false"]]) {
      input.setAttribute(name, value);
    }
    let waiting;
    let asked = 0;
    let at = -1;

    const choose = (n) => {
      const lines = list.children;
      if (lines[at]) lines[at].setAttribute("aria-selected", "false");
      at = lines.length ? (n + lines.length + 1) % (lines.length + 1) : -1;
      if (at === lines.length) at = -1;
      if (at < 0) return input.removeAttribute("aria-activedescendant");
      lines[at].setAttribute("aria-selected", "true");
      lines[at].scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", lines[at].id);
    };

    const show = (lines) => {
      choose(-1);
      at = -1;
      list.replaceChildren(
        ...lines.map((line, n) => {
          // The line is the link: an option may hold nothing that can be pressed by itself.
          const link = document.createElement("a");
          link.id = "suggestion-" + n;
          link.setAttribute("role", "option");
          link.setAttribute("aria-selected", "false");
          link.href = line.href;
          link.tabIndex = -1;
          const text = document.createElement("span");
          text.textContent = line.text;
          const note = document.createElement("span");
          note.className = "note";
          note.textContent = line.note;
          link.append(text, note);
          return link;
        }),
      );
      list.hidden = lines.length === 0;
      input.setAttribute("aria-expanded", String(lines.length > 0));
      said.textContent = lines.length ? filled(form.dataset.found, { n: String(lines.length) }) : "";
    };

    const ask = async () => {
      const mine = ++asked;
      const words = input.value.trimStart();
      if (!words) return show([]);
      try {
        const answer = await fetch(form.dataset.suggest + "&q=" + encodeURIComponent(words), { credentials: "omit" });
        const lines = answer.ok ? await answer.json() : [];
        if (mine === asked && document.activeElement === input) show(lines);
      } catch {
        if (mine === asked) show([]);
      }
    };

    input.addEventListener("input", (event) => {
      clearTimeout(waiting);
      // An input method is still at work: what stands there is not yet what is meant.
      if (!event.isComposing) waiting = setTimeout(ask, 120);
    });
    input.addEventListener("compositionend", () => {
      clearTimeout(waiting);
      waiting = setTimeout(ask, 120);
    });
    input.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (list.hidden) {
        if (event.key === "ArrowDown" && input.value) {
          event.preventDefault();
          ask();
        }
        return;
      }
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        choose(event.key === "ArrowDown" ? at + 1 : at < 0 ? list.children.length - 1 : at - 1);
      } else if (event.key === "Enter" && at >= 0) {
        event.preventDefault();
        location.assign(list.children[at].href);
      } else if (event.key === "Escape") {
        event.preventDefault();
        show([]);
      }
    });
    // A press on a line must not take the focus before it is followed.
    list.addEventListener("mousedown", (event) => event.preventDefault());
    form.addEventListener("focusout", (event) => {
      if (!form.contains(event.relatedTarget)) {
        clearTimeout(waiting);
        asked += 1;
        show([]);
      }
    });
  }

  /* What a page is given when it appears (and again when a part of it was replaced) */

  function prepare(root) {
    for (const button of all("[data-less], [data-more], [data-copy], [data-print]", root)) button.hidden = false;
    for (const form of all("form[data-purchase]", root)) reckon(form);
    if (matchMedia("(min-width: 761px)").matches) {
      for (const panel of all("details[data-open-wide]", root)) panel.open = true;
    }
    // A row to swipe shows where one is.
    for (const here of all(":is(.side, .tabs) [aria-current]", root)) here.parentElement.scrollLeft = here.offsetLeft - 40;
    root.querySelector("[data-focus]")?.focus();
    if (root.querySelector("[data-live]")) setTimeout(lookAgain, 1000);
  }

  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-less], [data-more], [data-copy], [data-print], [data-gallery] .thumbs a");
    if (!target) return;
    if (target.matches("[data-less]")) step(target, -1);
    else if (target.matches("[data-more]")) step(target, 1);
    else if (target.matches("[data-print]")) print();
    else if (target.matches("[data-copy]")) copy(target);
    else if (event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey) {
      event.preventDefault();
      target.closest("[data-gallery]").querySelector(".stage").src = target.href;
      for (const link of all("a", target.closest(".thumbs"))) link.removeAttribute("aria-current");
      target.setAttribute("aria-current", "true");
    }
  });

  // By selecting and the browser's own copying, which needs no permission.
  function copy(button) {
    const range = document.createRange();
    range.selectNodeContents(document.querySelector(button.dataset.copy));
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    if (!document.execCommand("copy")) return;
    selection.removeAllRanges();
    const label = button.getAttribute("aria-label");
    button.setAttribute("aria-label", button.dataset.done);
    button.dataset.said = button.dataset.done;
    setTimeout(() => {
      button.setAttribute("aria-label", label);
      delete button.dataset.said;
    }, 2000);
  }

  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-purchase]");
    if (form) reckon(form);
  });

  // A cart line sends itself when its number has settled.
  let settling;
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-auto]");
    if (!form) return;
    clearTimeout(settling);
    settling = setTimeout(() => {
      if (form.reportValidity()) swap(form).catch(() => form.submit());
    }, 350);
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    const submitter = event.submitter;
    if (form.matches("[data-add]") && submitter?.value === "cart") {
      event.preventDefault();
      submitter.disabled = true;
      add(form, submitter)
        .catch(() => submitPlainly(form, submitter))
        .finally(() => (submitter.disabled = false));
    } else if (form.matches("[data-once]")) {
      // After the browser has read the form, so that the pressed button's own value goes along.
      setTimeout(() => all("button", form).forEach((button) => (button.disabled = true)));
    }
  });

  // A page that comes back from the browser's memory can be sent again.
  addEventListener("pageshow", (event) => {
    if (event.persisted) all("form[data-once] button").forEach((button) => (button.disabled = false));
  });

  // A message is shown once: reloading does not repeat it.
  if (document.querySelector("[data-flash]")) {
    const url = new URL(location.href);
    url.searchParams.delete("said");
    history.replaceState(history.state, "", url);
  }

  for (const form of all("form[data-suggest]")) suggest(form);
  document.documentElement.classList.add("scripted");
  prepare(document);
})();
