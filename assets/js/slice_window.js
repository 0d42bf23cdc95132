// Copy the pixels in view, and a window's width on each side, from `all` to `shown`.
// Painting 1000 pixels instead of 8575 keeps a change of star within one frame or two.

const {start, end} = x_range
const width = end - start
const renewed = cb_obj !== x_range
const held = shown._held
if (!renewed && held !== undefined && start >= held[0] && end <= held[1]
    && width > 0.25 * (held[1] - held[0]) / 3) return

const from = start - width
const to = end + width
shown._held = [from, to]

const {data} = all
const x = data.x ?? []
let first = 0
while (first < x.length && !(x[first] >= from)) first++
let stop = x.length
while (stop > first && !(x[stop - 1] <= to)) stop--
if (stop === first) return // Bokeh's VAreaStep loops for ever on no rows at all

const cut = (name) => data[name].slice(first, stop)
const out = {x: cut("x"), flux: cut("flux")}
const n = stop - first

// The filled areas need a value everywhere: where a pixel is bad their height is zero.
const sigma = cut("sigma")
out.low = new Float32Array(n)
out.high = new Float32Array(n)
for (let i = 0; i < n; i++) {
  const bad = !isFinite(out.flux[i] + sigma[i])
  out.low[i] = bad ? 1 : out.flux[i] - sigma[i]
  out.high[i] = bad ? 1 : out.flux[i] + sigma[i]
}

const unit = scale.data.unit[0] // 0: z-scores; else the flux difference drawn as 3
for (let m = 0; `model_${m}` in data; m++) {
  const model = cut(`model_${m}`)
  const zscore = cut(`zscore_${m}`)
  const line = new Float32Array(n)
  const area = new Float32Array(n)
  const beyond = new Float32Array(n)
  for (let i = 0; i < n; i++) {
    const value = unit > 0 ? (3 * (out.flux[i] - model[i])) / unit : zscore[i]
    line[i] = Math.max(-edge, Math.min(edge, value))
    area[i] = isFinite(value) ? line[i] : 0
    beyond[i] = Math.abs(value) > edge ? Math.sign(value) * (edge - 0.4) : NaN
  }
  Object.assign(out, {[`model_${m}`]: model, [`line_${m}`]: line,
    [`area_${m}`]: area, [`beyond_${m}`]: beyond})
}
shown.setv({data: out}, {sync: false, check_eq: false})
