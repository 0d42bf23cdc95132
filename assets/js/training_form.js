// The form of a new run: preset, method, data, settings, device, and whether it can start.
// What stands is changed in place: a click, or a word being typed, is never lost.
export function render({model}) {
  const send = (command, value = null) => model.send_msg({command, value});
  const focused = (element) => element.getRootNode().activeElement === element;
  const open = new Set();

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
      box.value = value;
    };
    return [box, update];
  };
  const entry = (field, set) => {
    const box = h("input", {type: "text", inputmode: field.kind === "number" ? "decimal" : "text", autocomplete: "off", spellcheck: "false"});
    box.addEventListener("change", () => set(box.value));
    const update = ({value, placeholder}) => {
      if (!focused(box)) box.value = value;
      box.placeholder = placeholder ?? "";
    };
    return [box, update];
  };
  const boxed = (field) => {
    const set = (value) => {
      if (field.name === "method") expectMethod(value);
      send("set", [field.name, value]);
    };
    const [control, take] = (field.kind === "select" ? select : entry)(field, set);
    control.id = `field-${field.name}`;
    control.setAttribute("aria-label", field.title);
    const help = h("div.help", {id: `help-${field.name}`}), note = h("div.note");
    control.setAttribute("aria-describedby", help.id);
    const element = h("div.boxed", {},
      h("label", {for: control.id}, field.title, field.unit ? h("span.faint", {}, ` / ${field.unit}`) : null), control, help, note);
    element.addEventListener("focusin", () => element.classList.toggle("right", element.offsetLeft > 60));
    const update = (now) => {
      take(now);
      control.disabled = Boolean(now.off);
      control.title = now.help ?? "";
      element.classList.toggle("half", Boolean(now.half));
      element.classList.toggle("wrong", Boolean(now.problem));
      help.textContent = now.problem || now.help || "";
      note.textContent = now.note ?? "";
      note.hidden = !now.note;
    };
    return {element, update, control};
  };
  // From the choice of a method until its fields are here, what is typed would be lost.
  let expected = null;
  const hold = () => {
    for (const [name, {control}] of Object.entries(parts.fields)) if (name !== "method") control.disabled = true;
  };
  const expectMethod = (method) => { expected = method; hold(); };
  const settle = ({groups}) => {
    if (groups.some(({fields}) => fields.some(({name, value}) => name === "method" && value === expected))) expected = null;
    if (expected !== null) hold();
  };
  const preset = ({value}) => {
    const radio = h("input", {type: "radio", name: "preset", onchange: () => send("preset", value)});
    const text = h("span"), note = h("span.muted");
    const update = (now) => {
      radio.checked = now.on;
      text.textContent = now.text;
      note.textContent = now.note;
    };
    return {element: h("label.preset", {}, radio, text, h("span.spacer"), note), update};
  };

  // ---- the fields there are
  const body = h("div.fields.scroll", {tabindex: -1});
  let built = "", parts = {presets: [], fields: {}};
  const build = ({presets, groups}) => {
    const now = JSON.stringify([presets.map((p) => p.value), groups.map((g) => [g.title, g.words, g.fields.map((f) => [f.name, f.kind, f.title, f.unit])])]);
    if (now === built) return;
    built = now;
    parts = {presets: presets.map(preset), fields: {}};
    const group = ({title, fields, folded, words}) => {
      const inside = h("div.group", {}, fields.map((field) => (parts.fields[field.name] = boxed(field)).element),
        words ? h("ul.words", {}, words.map((text) => h("li", {}, text))) : null);
      if (!folded) return [h("h3", {}, title), inside];
      const details = h("details", {open: open.has(title)}, h("summary", {}, title), inside);
      details.addEventListener("toggle", () => { if (details.open) open.add(title); else open.delete(title); });
      return [details];
    };
    const top = body.scrollTop;
    const choice = presets.length
      ? [h("h3", {}, "Preset"), h("div.presets", {role: "radiogroup", "aria-label": "Preset"}, parts.presets.map(({element}) => element))] : [];
    redraw(body, ...choice, ...groups.flatMap(group));
    body.scrollTop = top;
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
    state.presets.forEach((now, place) => parts.presets[place].update(now));
    state.groups.forEach(({fields}) => fields.forEach((now) => parts.fields[now.name].update(now)));
    settle(state);
    word.textContent = state.start.text;
    start.disabled = Boolean(state.start.reason);
    why.textContent = state.start.reason || state.words || "";
    measure.hidden = Boolean(why.textContent) || !state.measure;
    measure.disabled = Boolean(state.measure?.off);
    facts.replaceChildren(...state.facts.map(([name, text]) => h("tr", {}, h("th", {scope: "row"}, name), h("td", {}, text))));
  };
  model.on("state", draw);
  draw();
  return h("section.card", {"aria-label": "New run"},
    h("div.title-row", {}, title, helpButton("training"), h("span.spacer"), leave), body,
    h("div.foot", {}, start, h("p.why", {}, why, measure), h("table.facts", {}, facts)));
}
