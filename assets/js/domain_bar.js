// What is shown in the maps and how: domains, groups, colour, what a drag does; how the
// maps were made, and what can be changed about that.
export function render({model}) {
  const send = (command, value = null) => model.send_msg({command, value});
  const legend = h("span.legend", {role: "group", "aria-label": "Domains"});
  const groups = h("span.groups");
  const colour = h("select", {"aria-label": "Colour by", onchange: () => send("colour", colour.value)});
  const scale = h("span.scale");
  const clear = h("button.button", {onclick: () => send("clear_groups")}, icon("close", 15), "Clear groups");
  const modes = [["a", "Lasso A", "Draw group A (A)"], ["b", "Lasso B", "Draw group B (B)"], ["pan", "Pan", "Drag moves the map"]].map(([mode, text, title]) =>
    ({mode, button: h("button", {title, onclick: () => send("mode", mode)}, text)}));
  const words = h("span.words.muted"), running = progress(send);
  const again = recompute(model, send), change = augment(model, send);

  // What a drag does is a matter of the browser: one tool of each map is active.
  const take = (mode) => {
    const wanted = mode === "pan" ? "PanTool" : "LassoSelectTool";
    for (const name of model.state.figures) {
      const tools = Bokeh.documents[0]?.get_model_by_name(name)?.toolbar.tools ?? [];
      for (const tool of tools) if (tool.type === wanted && !tool.active) tool.active = true;
    }
  };
  const entry = ({domain, title, token, shown, count}) =>
    h("button.domain", {"aria-pressed": String(shown), title: `${shown ? "Hide" : "Show"} ${title} points`, onclick: () => send("domain", domain)},
      h("i", {style: `background: var(--${token})`}), title, h("span.faint.count", {}, count));
  let options = "";
  const draw = () => {
    const {legend: domains, groups: chosen, colour: choice, scale: range, mode, canClear, words: text, job} = model.state;
    redraw(legend, domains.map(entry));
    groups.replaceChildren(...chosen.map(({name, count}) => h("span.group", {}, h(`i.${name}`), `group ${name}`, h("span.faint.count", {}, count))));
    if (options !== JSON.stringify(choice.options)) {
      options = JSON.stringify(choice.options);
      colour.replaceChildren(...choice.options.map(([value, word]) => h("option", {value}, word)));
    }
    colour.value = choice.value;
    scale.hidden = !range;
    if (range) scale.replaceChildren(h("span", {}, range.low), h("i", {style: `background: linear-gradient(to right, ${range.colors.join(", ")})`}), h("span", {}, range.high), h("span.faint", {}, range.unknown ?? ""));
    modes.forEach((each) => each.button.setAttribute("aria-pressed", String(each.mode === mode)));
    clear.disabled = !canClear;
    clear.title = canClear ? "Let go of both groups (Esc)" : "No group is drawn";
    words.textContent = words.title = text;
    words.hidden = Boolean(job);
    running.update(job);
    again.update();
    change.update();
    take(mode);
  };
  model.on("state", draw);
  draw();
  return h("section.bar", {"aria-label": "Maps"}, legend, groups, h("i.rule"),
    h("label.field.colour", {}, h("span.muted", {}, "colour by"), colour), scale,
    h("span.segments", {role: "group", "aria-label": "A drag draws"}, modes.map(({button}) => button)), clear,
    h("span.spacer"), words, running.element, change.element, again.element);
}

// How far a computation is, and what can be done about it.
const JOB_COMMANDS = {stop_maps: ["stop", "Stop"], start_maps: ["play", "Start again"], take_maps: ["play", "Show"]};
function progress(send) {
  const bar = h("progress", {max: 1, "aria-label": "Progress of the maps"}), text = h("span.muted", {role: "status"});
  const picture = h("span"), word = h("span");
  let command = "";
  const button = h("button.button", {onclick: () => send(command)}, picture, word);
  const element = h("span.running", {hidden: true}, text, bar, button);
  const update = (job) => {
    element.hidden = !job;
    if (!job) return;
    if (job.share == null) bar.removeAttribute("value");
    else bar.value = job.share;
    bar.hidden = job.command === "start_maps";
    text.textContent = text.title = job.words;
    button.hidden = !job.command;
    if (command === job.command || !job.command) return;
    command = job.command;
    const [name, title] = JOB_COMMANDS[command];
    picture.replaceChildren(icon(name, 14));
    word.textContent = title;
  };
  return {element, update};
}
