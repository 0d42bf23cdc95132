// Which sample of stars, which two models, how far the fits are, and what can be done.
export function render({model}) {
  const send = (command, value = null) => model.send_msg({command, value});
  const menus = h("span.menus"), chips = h("span.chips", {role: "status", "aria-label": "Fits"});
  const bar = h("span.progress", {role: "progressbar", "aria-label": "Progress of the fits", "aria-valuemin": 0, "aria-valuemax": 100}, h("i")), words = h("span", {role: "status"}), left = h("span.muted.left");
  const running = h("span.running", {hidden: true}, bar, words, left);
  const made = h("span.muted.made");
  const picture = h("span.picture"), word = h("span");
  const fit = h("button.button", {onclick: () => send(model.state.button.command)}, picture, word);
  const save = h("button.button", {onclick: () => send("export_survey")}, icon("download", 16), "Export table");

  const menu = (title, label, value, options, act) => {
    const select = h("select", {"aria-label": label, onchange: () => act(select.value)},
      options.map(([own, text]) => h("option", {value: own, selected: own === value}, text)));
    return h("label.field", {}, h("span.muted", {}, title), select);
  };
  const chip = ({kind, text, tip, command}) => command
    ? h(`button.chip.${kind}`, {title: tip, onclick: () => send(command)}, icon(kind, 14), text)
    : h(`span.chip.${kind}`, {title: tip}, icon(kind, 14), text);
  let offered = "", shown = "", drawn = "";
  const draw = () => {
    const {samples, sample, models, chips: notes, made: when, fitting, button, canExport} = model.state;
    const now = JSON.stringify([samples, sample, models]);
    if (now !== offered) {
      offered = now;
      redraw(menus, menu("sample", "Sample", sample, samples, (value) => send("sample", value)),
        models.filter(({value}) => value).map(({side, value, options}) =>
          menu(side, `Model, ${side}`, value, options.map((name) => [name, name]), (name) => send("model", [side, name]))));
    }
    if (JSON.stringify(notes) !== drawn) {
      drawn = JSON.stringify(notes);
      redraw(chips, notes.map(chip));
    }
    made.textContent = when;
    running.hidden = !fitting;
    if (fitting) {
      bar.firstChild.style.width = `${(100 * fitting.share).toFixed(1)}%`;
      bar.setAttribute("aria-valuenow", Math.round(100 * fitting.share));
      words.textContent = fitting.words;
      left.textContent = fitting.left;
    }
    word.textContent = button.text;
    fit.disabled = Boolean(button.reason);
    fit.title = button.reason;
    if (button.picture !== shown) {
      shown = button.picture;
      picture.replaceChildren(icon(shown, 15));
    }
    save.disabled = !canExport;
    save.title = canExport ? "Labels, anomalies and decisions of all stars, ECSV" : "No star is fitted yet";
  };
  model.on("state", draw);
  draw();
  return h("section.bar", {"aria-label": "Survey"}, menus, h("i.rule"), chips, h("span.spacer"), running, made, fit, save);
}
