// The form of a new run: preset, method, data, settings, device, and whether it can start.
// What stands is changed in place: a click, or a word being typed, is never lost.

// Puts children in this order. Those that stay in theirs are not touched: they keep the
// keyboard and what is being typed.
function arrange(element, children) {
  for (const child of [...element.children]) if (!children.includes(child)) child.remove();
  children.forEach((child, place) => {
    if (element.children[place] !== child) element.insertBefore(child, element.children[place] ?? null);
  });
}

export function render({model}) {
  // Messages are counted: what was said before the server heard the last word on a field
  // does not undo that word.
  let sent = model.state.heard;
  const send = (command, value = null) => {
    model.send_msg({command, value});
    sent += 1;
    return sent;
  };
  const heard = (turn) => turn <= model.state.heard;

  // ---- fields: each returns its element and a function that takes its state
  const select = (field, set) => {
    const box = h("select", {onchange: () => set(box.value)});
    let known = "";
    const update = ({options, value}) => {
      const now = JSON.stringify(options);
      if (now !== known) {
        known = now;
        box.replaceChildren(...options.map(({value: own, text, reason}) =>
          h("option", {value: own, disabled: Boolean(reason), title: reason || null}, reason ? `${text}: ${reason}` : text)));
      }
      if (box.value !== value) box.value = value;
    };
    return [box, update];
  };
  const entry = (field, set) => {
    const box = h("input", {type: "text", inputmode: field.kind === "number" ? "decimal" : "text", autocomplete: "off", spellcheck: "false"});
    let told = "", typed = false, wrong = false;
    const commit = () => {
      if (!typed) return;
      typed = false;
      if (box.value !== told || !heard(sent)) set(box.value);
    };
    // what is wrong is judged again at every key, so that the button is ready for the click
    box.addEventListener("input", () => { typed = true; if (wrong) commit(); });
    box.addEventListener("change", commit);
    box.addEventListener("blur", commit);
    const update = ({value, placeholder, problem}) => {
      told = value;
      wrong = Boolean(problem);
      if (!typed && box.value !== value) box.value = value;
      box.placeholder = placeholder ?? "";
    };
    return [box, update];
  };
  const boxed = (field) => {
    let turn = 0;
    const set = (value) => { turn = send("set", [field.name, value]); };
    const [control, take] = (field.kind === "select" ? select : entry)(field, set);
    control.id = `field-${field.name}`;
    control.setAttribute("aria-label", field.title);
    const help = h("div.help", {id: `help-${field.name}`}), note = h("div.note");
    control.setAttribute("aria-describedby", help.id);
    const element = h("div.boxed", {},
      h("label", {for: control.id}, field.title, field.unit ? h("span.faint", {}, ` / ${field.unit}`) : null), control, help, note);
    element.addEventListener("focusin", () => element.classList.toggle("right", element.offsetLeft > 60));
    const update = (now) => {
      if (!heard(turn)) return;
      take(now);
      control.disabled = Boolean(now.off);
      control.title = now.help ?? "";
      element.classList.toggle("half", Boolean(now.half));
      element.classList.toggle("wrong", Boolean(now.problem));
      help.textContent = now.problem || now.help || "";
      note.textContent = now.note ?? "";
      note.hidden = !now.note;
    };
    return {element, update};
  };
  let presetTurn = 0;
  const preset = ({value}) => {
    const radio = h("input", {type: "radio", name: "preset", onchange: () => { presetTurn = send("preset", value); }});
    const text = h("span"), note = h("span.muted");
    const update = (now) => {
      if (heard(presetTurn)) radio.checked = now.on;
      text.textContent = now.text;
      note.textContent = now.note;
    };
    return {element: h("label.preset", {}, radio, text, h("span.spacer"), note), update};
  };

  // ---- the fields there are
  const body = h("div.fields.scroll", {tabindex: -1});
  const radios = h("div.presets", {role: "radiogroup", "aria-label": "Preset"});
  const choice = h("div", {}, h("h3", {}, "Preset"), radios);
  const group = ({title, folded}) => {
    const inside = h("div.group"), list = h("ul.words");
    const element = folded ? h("details", {}, h("summary", {}, title), inside) : h("div", {}, h("h3", {}, title), inside);
    const update = ({fields, words}) => {
      const boxes = fields.map((field) => part([field.name, field.kind, field.title, field.unit], boxed, field));
      if (words && list.children.length !== words.length) list.replaceChildren(...words.map((text) => h("li", {}, text)));
      arrange(inside, words ? [...boxes, list] : boxes);
    };
    return {element, update};
  };
  // Parts stay as long as they are asked for: what is being typed in one is never lost,
  // nor the keyboard's place, when others come and go with a method.
  let parts = new Map(), before = parts;
  const part = (key, make, now) => {
    const name = JSON.stringify(key);
    const found = parts.get(name) ?? before.get(name) ?? make(now);
    parts.set(name, found);
    found.update(now);
    return found.element;
  };
  const build = ({presets, groups}) => {
    [before, parts] = [parts, new Map()];
    arrange(radios, presets.map((now) => part(["preset", now.value], preset, now)));
    const shown = groups.map((now) => part(["group", now.title], group, now));
    arrange(body, presets.length ? [choice, ...shown] : shown);
  };

  // ---- title and foot
  const title = h("h2");
  const leave = h("button.icon-button.small", {"aria-label": "No fork, a new run", title: "No fork, a new run", onclick: () => send("leave")}, icon("close", 16));
  const word = h("span");
  const start = h("button.button.start", {onclick: () => send("start")}, icon("play", 16), word);
  const why = h("span", {role: "status"});
  const measure = h("button.link", {onclick: () => send("measure")}, "Measure how long it takes");
  const facts = h("tbody");

  const draw = () => {
    const state = model.state;
    title.textContent = state.title;
    leave.hidden = !state.forks;
    build(state);
    word.textContent = state.start.text;
    start.disabled = Boolean(state.start.reason);
    why.textContent = state.start.reason || state.words || "";
    measure.hidden = Boolean(why.textContent) || !state.measure;
    measure.disabled = Boolean(state.measure?.off);
    facts.replaceChildren(...state.facts.map(([name, text, tip]) => h("tr", {title: tip || null}, h("th", {scope: "row"}, name), h("td", {}, text))));
  };
  model.on("state", draw);
  draw();
  return h("section.card", {"aria-label": "New run"},
    h("div.title-row", {}, title, helpButton("training"), h("span.spacer"), leave), body,
    h("div.foot", {}, start, h("p.why", {}, why, measure), h("table.facts", {}, facts)));
}
