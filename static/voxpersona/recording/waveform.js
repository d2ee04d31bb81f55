// The waveform: bars in the colours of whoever speaks, strong where it was played, gaps shaded.

const BAR = 2;
const PITCH = 3;
const LEAST = 0.04; // silence is a thin line

export class Waveform {
    onSeek = () => {};
    #now = 0;
    #bars = [];

    constructor(canvas, data, spans) {
        this.canvas = canvas;
        this.peaks = data.peaks;
        this.loudest = data.peaks.reduce((most, one) => Math.max(most, one), 1); // quiet recordings are drawn in full
        this.duration = data.duration || 1;
        this.spans = spans;
        new ResizeObserver(() => this.#measure()).observe(canvas);
        new MutationObserver(() => this.#measure()).observe(document.documentElement, { attributeFilter: ["class"] });
        canvas.addEventListener("pointerdown", (event) => {
            canvas.setPointerCapture(event.pointerId);
            this.#point(event);
        });
        canvas.addEventListener("pointermove", (event) => {
            if (event.buttons) this.#point(event);
        });
    }

    show(ms) {
        this.#now = ms;
        this.canvas.setAttribute("aria-valuenow", ms);
        this.#draw();
    }

    #point(event) {
        const { left, width } = this.canvas.getBoundingClientRect();
        this.onSeek(Math.min(1, Math.max(0, (event.clientX - left) / width)) * this.duration);
    }

    #measure() {
        const { clientWidth: width, clientHeight: height } = this.canvas;
        const scale = devicePixelRatio || 1;
        this.canvas.width = width * scale;
        this.canvas.height = height * scale;
        this.canvas.getContext("2d").setTransform(scale, 0, 0, scale, 0, 0);
        const style = getComputedStyle(document.documentElement);
        this.colours = Array.from({ length: 8 }, (_, index) => style.getPropertyValue(`--vp-s${index}`));
        this.quiet = style.getPropertyValue("--vp-muted");
        this.shade = style.getPropertyValue("--vp-warn");
        this.cursor = style.getPropertyValue("--vp-strong");
        this.#bars = this.#makeBars(Math.max(1, Math.floor(width / PITCH)));
        this.#draw();
    }

    #makeBars(count) {
        const bars = [];
        let line = 0;
        for (let index = 0; index < count; index += 1) {
            const first = Math.floor((index * this.peaks.length) / count);
            const last = Math.max(first + 1, Math.floor(((index + 1) * this.peaks.length) / count));
            const loudest = this.peaks.slice(first, last).reduce((most, one) => Math.max(most, one), 0);
            const ms = ((index + 0.5) * this.duration) / count;
            while (line < this.spans.lines.length && this.spans.lines[line][1] <= ms) line += 1;
            const spoken = this.spans.lines[line];
            const colour = spoken && spoken[0] <= ms ? this.colours[spoken[2]] : this.quiet;
            bars.push({ ms, level: Math.max(LEAST, loudest / this.loudest), colour });
        }
        return bars;
    }

    #draw() {
        const context = this.canvas.getContext("2d");
        const { clientWidth: width, clientHeight: height } = this.canvas;
        const x = (ms) => (ms / this.duration) * width;
        context.clearRect(0, 0, width, height);
        context.globalAlpha = 0.22;
        context.fillStyle = this.shade;
        for (const [start, end] of this.spans.gaps) context.fillRect(x(start), 0, Math.max(2, x(end) - x(start)), height);
        this.#bars.forEach((bar, index) => {
            context.globalAlpha = bar.ms <= this.#now ? 1 : 0.42;
            context.fillStyle = bar.colour;
            const tall = bar.level * (height - 4);
            context.fillRect(index * PITCH, (height - tall) / 2, BAR, tall);
        });
        context.globalAlpha = 1;
        context.fillStyle = this.cursor;
        context.fillRect(Math.min(width - 1.5, x(this.#now)), 0, 1.5, height);
    }
}
