// The player at the bottom: a native <audio> with our own controls and keys.

const STEP_MS = 5000;
const TAIL_MS = 120; // a quote ends a little after its last word

export function clock(ms) {
    const seconds = Math.floor(ms / 1000);
    const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
    const two = (number) => String(number).padStart(2, "0");
    return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

export class Player {
    onTime = () => {};
    #until = null;
    #quote = null;

    constructor(root, duration) {
        this.duration = duration;
        this.audio = root.querySelector("#audio");
        this.button = root.querySelector("#play");
        this.clock = root.querySelector("#clock");
        this.follows = root.querySelector("#follow");
        root.querySelector("#clock-end").textContent = clock(duration);
        this.button.addEventListener("click", () => this.toggle());
        root.querySelector("#speed").addEventListener("change", (event) => {
            this.audio.playbackRate = Number(event.target.value);
        });
        for (const name of ["play", "pause", "ended"]) this.audio.addEventListener(name, () => this.#showState());
        for (const name of ["timeupdate", "seeked", "loadedmetadata"]) this.audio.addEventListener(name, () => this.#tick());
    }

    get isPlaying() {
        return !this.audio.paused;
    }

    get now() {
        return Math.round(this.audio.currentTime * 1000);
    }

    toggle() {
        this.#until = null;
        if (this.audio.paused) this.#start();
        else this.audio.pause();
    }

    seek(ms) {
        this.#until = null;
        this.audio.currentTime = Math.max(0, Math.min(ms, this.duration - 1)) / 1000;
        this.#tick();
    }

    play(ms, until = null, quote = null) {
        this.seek(ms);
        this.#until = until;
        this.#mark(quote);
        this.#start();
    }

    // Everything on the page that names a time plays it; keys work wherever nothing else wants them.
    listen(transcript) {
        document.addEventListener("click", (event) => {
            const source = event.target.closest("[data-play]");
            if (!source) return;
            const isQuote = source.classList.contains("vp-quote");
            this.play(Number(source.dataset.play), source.dataset.until ? Number(source.dataset.until) : null, isQuote ? source : null);
            if (isQuote) transcript.reveal(source.dataset.ids.split(","));
        });
        document.addEventListener("keydown", (event) => {
            const isBusy = event.target.closest("input, textarea, select, button, summary, a, [contenteditable]");
            if (isBusy || event.ctrlKey || event.metaKey || event.altKey) return;
            const acts = {
                " ": () => this.toggle(),
                ArrowLeft: () => this.seek(event.shiftKey ? transcript.before(this.now) : this.now - STEP_MS),
                ArrowRight: () => this.seek(event.shiftKey ? transcript.after(this.now) : this.now + STEP_MS),
            };
            if (!(event.key in acts)) return;
            event.preventDefault();
            acts[event.key]();
        });
    }

    #start() {
        this.audio.play().catch((error) => {
            if (error.name === "AbortError") return; // paused before it began
            this.clock.textContent = "No sound";
            this.button.title = "The sound could not be loaded. Reload the page to try again.";
        });
    }

    #tick() {
        if (this.#until !== null && this.now >= this.#until + TAIL_MS) {
            this.#until = null;
            this.audio.pause();
        }
        this.clock.textContent = clock(this.now);
        this.onTime(this.now);
        if (this.isPlaying && !this.frame) this.#animate();
    }

    // timeupdate comes four times a second: while it plays, each frame moves the cursor and the words.
    #animate() {
        this.frame = requestAnimationFrame(() => {
            this.frame = null;
            if (this.isPlaying) this.#tick();
        });
    }

    #showState() {
        this.button.querySelector(".vp-icon").textContent = this.isPlaying ? "pause" : "play_arrow";
        if (!this.isPlaying) this.#mark(null);
        this.#tick();
    }

    #mark(quote) {
        this.#quote?.classList.remove("is-playing");
        this.#quote = quote;
        quote?.classList.add("is-playing");
    }
}
