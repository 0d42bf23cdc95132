// The form of a new run: preset, method, data, settings, device, and whether it can start.
export function render({model}) {
  const send = (command, value = null) => model.send_msg({command, value});
  const body = h("div.fields.scroll", {tabindex: -1});
  const foot = h("div.foot");
  let open = new Set();

  const set = (field, value) => send("set", [field.name, value]);
  const described = (field, control) => {
    control.id = `field-${field.name}`;
    control.setAttribute("aria-label", field.title);
    control.title = field.help ?? "";
    control.disabled = Boolean(field.off);
    return control;
  };
  const select = (field) => {
    const box = described(field, h("select", {onchange: () => set(field, box.value)},
      field.options.map(({value, text, reason}) =>
        h("option", {value, selected: value === field.value, disabled: Boolean(reason), title: reason || null}, reason ? `${text}: ${reason}` : text))));
    return box;
  };
  const entry = (field) => {
    const box = described(field, h("input", {type: "text", inputmode: field.kind === "number" ? "decimal" : "text", value: field.value, placeholder: field.placeholder ?? "", autocomplete: "off", spellcheck: "false"}));
    box.addEventListener("change", () => set(field, box.value));
    return box;
  };
  const tick = (field) => {
    const box = described(field, h("input", {type: "checkbox", checked: field.value, onchange: () => set(field, box.checked)}));
    return h("label.tick", {}, box, field.title, field.problem ? h("span.problem", {}, field.problem) : null);
  };
  const boxed = (field) => {
    if (field.kind === "check") return tick(field);
    const control = field.kind === "select" ? select(field) : entry(field);
    return h(`div.boxed${field.half ? ".half" : ""}${field.problem ? ".wrong" : ""}`, {},
      h("label", {for: control.id}, field.title, field.unit ? h("span.faint", {}, ` / ${field.unit}`) : null), control,
      h("div.help", {}, field.problem || field.help || ""), field.note ? h("div.note", {}, field.note) : null);
  };
  const group = ({title, fields, folded, words}) => {
    const inside = h("div.group", {}, fields.map(boxed), words ? h("ul.words", {}, words.map((text) => h("li", {}, text))) : null);
    if (!folded) return [h("h3", {}, title), inside];
    const details = h("details", {open: open.has(title)}, h("summary", {}, title), inside);
    details.addEventListener("toggle", () => { if (details.open) open.add(title); else open.delete(title); });
    return [details];
  };
  const preset = ({value, text, note, on}) => {
    const radio = h("input", {type: "radio", name: "preset", checked: on, onchange: () => send("preset", value)});
    return h("label.preset", {}, radio, h("span", {}, text), h("span.spacer"), h("span.muted", {}, note));
  };
  let drawn = "";
  const title = h("h2");
  const leave = h("button.icon-button.small", {"aria-label": "No fork, a new run", title: "No fork, a new run", onclick: () => send("leave")}, icon("close", 16));
  const draw = () => {
    const {title: name, forks, presets, groups, start, words, measure, facts} = model.state;
    title.textContent = name;
    leave.hidden = !forks;
    const now = JSON.stringify([presets, groups]);
    if (now !== drawn) {  // else what is being typed would be lost
      drawn = now;
      const top = body.scrollTop;
      redraw(body, ...(presets.length ? [h("h3", {}, "Preset"), h("div.presets", {role: "radiogroup", "aria-label": "Preset"}, presets.map(preset))] : []), ...groups.flatMap(group));
      body.scrollTop = top;
    }
    redraw(foot,
      h("button.button.start", {onclick: () => send("start"), disabled: Boolean(start.reason)}, icon("play", 16), start.text),
      h(`p.why${start.reason ? ".off" : ""}`, {role: "status"}, start.reason || words || "",
        !start.reason && !words && measure ? h("button.link", {disabled: measure.off, onclick: () => send("measure")}, "Measure how long it takes") : null),
      h("table.facts", {}, h("tbody", {}, facts.map(([name, text]) => h("tr", {}, h("th", {scope: "row"}, name), h("td", {}, text))))));
  };
  model.on("state", draw);
  draw();
  return h("section.card", {"aria-label": "New run"},
    h("div.title-row", {}, title, helpButton("training"), h("span.spacer"), leave), body, foot);
}
