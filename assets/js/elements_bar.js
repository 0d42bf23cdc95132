// At which labels, of which model, in which spectrum, by which elements.
export function render({model}) {
  const send = (command, value = null) => model.send_msg({command, value});

  // ---- where: the star's fit, or labels of the user's choice
  const search = h("input", {type: "text", "aria-label": "Star", autocomplete: "off", spellcheck: "false"});
  const leave = () => { search.value = model.state.star; search.blur(); };
  search.addEventListener("focus", () => search.select());
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && search.value.trim()) send("find", search.value);
    if (event.key === "Enter" || event.key === "Escape") leave();
  });
  const places = h("span.segments", {role: "group", "aria-label": "Labels"});
  const sliders = h("div.sliders.scroll");
  const made = new Map();
  let timer = null;
  const slider = ({name, title, unit}) => {
    const input = h("input", {type: "range", "aria-label": `${title}${unit ? ` / ${unit}` : ""}`});
    const value = h("span.value");
    const line = h("label.slider", {}, h("span", {}, title), input, value);
    let wanted = null;
    input.addEventListener("input", () => {
      wanted = Number(input.value);
      timer ??= setTimeout(() => { timer = null; send("label", {name, value: wanted}); }, 60);
    });
    return {line, update: ({value: now, text, low, high, step}) => {
      Object.assign(input, {min: low, max: high, step});
      if (input.getRootNode().activeElement !== input) input.value = now;
      value.textContent = text;
    }};
  };
  const where = popover("Star or labels", h("div", {},
    h("div.line", {}, h("span.field", {}, h("span.faint", {}, icon("search", 16)), search)),
    h("div.line", {}, places), sliders));
  const facts = h("span.facts.muted");

  // ---- whose derivatives
  const models = h("select", {"aria-label": "Derivatives of", onchange: () => send("model", models.value)});
  const modes = h("span.segments", {role: "group", "aria-label": "Spectrum"});

  // ---- which elements
  const chips = h("span.segments.elements", {role: "group", "aria-label": "Elements"});
  const table = h("div.table", {role: "group", "aria-label": "All elements"});
  const more = popover("Choose elements", h("div", {}, table,
    h("div.line", {}, h("button.button", {onclick: () => send("elements_auto")}, "The loudest in the window"))));
  more.opener.replaceChildren("+ element");
  const laboratory = h("button.button", {"aria-pressed": "false", title: "Hide lines, train a transfer, and see which it finds", onclick: () => send("laboratory")}, "Missing lines…");
  const save = h("button.button", {title: "Derivatives by all labels as a table", onclick: () => send("export_derivatives")}, icon("download", 16), "Export");

  let offered = null;
  const draw = () => {
    const state = model.state;
    where.opener.replaceChildren(h("span.muted", {}, state.given ? "at" : "at star"), h("span.strong", {}, state.given ? "given labels" : state.star), icon("down", 14));
    if (search.getRootNode().activeElement !== search) search.value = state.star;
    redraw(places, [[false, "of the star's fit"], [true, "given here"]].map(([given, word]) =>
      h("button", {"aria-pressed": String(state.given === given), onclick: () => send("given", given)}, word)));
    sliders.hidden = !state.given;
    for (const label of state.labels) {
      if (!made.has(label.name)) made.set(label.name, slider(label));
      made.get(label.name).update(label);
    }
    const lines = state.labels.map(({name}) => made.get(name).line);
    if (lines.length !== sliders.children.length || lines.some((line, k) => sliders.children[k] !== line)) sliders.replaceChildren(...lines);
    facts.textContent = state.facts;
    models.replaceChildren(...state.models.map((name) => h("option", {value: name, selected: name === state.model}, name)));
    redraw(modes, state.modes.map(({value, word, tip, reason}) =>
      h("button", {"aria-pressed": String(value === state.mode), disabled: reason !== "", title: reason || tip, onclick: () => send("mode", value)}, word)));
    redraw(chips, state.chips.map(({name, token}) =>
      h(`button${state.auto ? ".auto" : ""}`, {"aria-pressed": "true", style: `color: var(--${token})`,
        title: state.auto ? `${name} is among the loudest in the window; click to leave it out` : `Leave ${name} out`, onclick: () => send("element", name)}, name)));
    const families = JSON.stringify(state.families);
    if (families !== offered) redraw(table, state.families.map(({title, elements}) => h("div.family", {}, h("span.muted", {}, title), h("span.names", {},
      elements.map(({name, token, chosen}) => h("button", {"aria-pressed": String(chosen), style: `color: var(--${token})`, onclick: () => send("element", name)}, name))))));
    offered = families;
    laboratory.hidden = !state.hasLaboratory;
    laboratory.setAttribute("aria-pressed", state.laboratory);
  };
  model.on("state", draw);
  model.on("remove", () => [where, more].forEach((box) => box.leave()));
  draw();
  return h("section.bar", {"aria-label": "Derivatives"}, where.anchor, facts, h("i.rule"),
    h("label.of", {}, h("span.muted", {}, "derivatives of"), models), modes, h("span.spacer"),
    chips, more.anchor, laboratory, save);
}

// A button that opens a box below itself; Escape and a click elsewhere close it.
function popover(name, content) {
  const box = h("div.box", {hidden: true, role: "dialog", "aria-label": name}, content);
  const opener = h("button.button", {"aria-expanded": "false", "aria-haspopup": "dialog", onclick: () => toggle(box.hidden)});
  const toggle = (shown) => {
    box.hidden = !shown;
    opener.setAttribute("aria-expanded", shown);
  };
  const anchor = h("span.anchor", {}, opener, box);
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    toggle(false);
    opener.focus();
  });
  const outside = (event) => { if (!event.composedPath().includes(anchor)) toggle(false); };
  document.addEventListener("pointerdown", outside);
  return {anchor, opener, leave: () => document.removeEventListener("pointerdown", outside)};
}
