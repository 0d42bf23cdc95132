// Ticks of a gap-cut axis: low, high (Å) and start (plotted) of each piece are given.
// Appended to it: one line that returns major_ticks(), minor_ticks() or written(tick).

const ROUND = [1, 2, 5, 10]

function round_step(raw) {
  const power = 10 ** Math.floor(Math.log10(raw))
  return power * ROUND.find((m) => m * power >= raw * 0.999)
}

function steps() {
  const span = Math.abs(cb_data.end - cb_data.start)
  const major = round_step(span / 7)
  return {major, minor: round_step(major / 5.1), gap: span / 14}
}

// Plotted coordinates of all multiples of step inside the pieces that are in view.
function multiples(step, visit) {
  const left = Math.min(cb_data.start, cb_data.end)
  const right = Math.max(cb_data.start, cb_data.end)
  for (let i = 0; i < low.length; i++) {
    const shift = start[i] - low[i]
    const from = Math.max(low[i], left - shift)
    const to = Math.min(high[i], right - shift)
    if (to <= from) continue
    const found = []
    for (let k = Math.ceil(from / step); k * step <= to; k++) found.push(k * step + shift)
    const middle = (from + to) / 2
    visit(found, (to - from > 4 ? Math.round(middle) : middle) + shift)
  }
}

function major_ticks() {
  const {major, gap} = steps()
  const ticks = []
  multiples(major, (found, middle) => {
    for (const x of found.length ? found : [middle]) {
      if (!ticks.length || x - ticks[ticks.length - 1] >= gap) ticks.push(x)
    }
  })
  return ticks
}

function minor_ticks() {
  const ticks = []
  multiples(steps().minor, (found) => ticks.push(...found))
  return ticks
}

// A plotted coordinate as the wavelength it stands for: thin space in thousands.
function written(x) {
  let i = 0
  while (i + 1 < start.length && start[i + 1] <= x + 1e-6) i++
  const text = (x - start[i] + low[i]).toFixed(2).replace(/\.?0+$/, "")
  const [whole, part] = text.split(".")
  const spaced = whole.replace(/\B(?=(\d{3})+(?!\d))/g, "\u2009")
  return part === undefined ? spaced : `${spaced}.${part}`
}
