// The transcript: follows the sound, and every line and word of it can be clicked.

const REST_MS = 4000; // after the reader scrolled, the page does not scroll by itself for this long

export class Transcript {
    #current = null;
    #mark = null;
    #scrolledAt = -Infinity;

    constructor(root, player) {
        this.player = player;
        this.lines = root ? [...root.querySelectorAll(".vp-line")] : [];
        this.starts = this.lines.map((line) => Number(line.dataset.s));
        this.ends = this.lines.map((line) => Number(line.dataset.e));
        if (root && player) {
            root.addEventListener("click", (event) => this.#clicked(event));
            for (const name of ["wheel", "touchmove"]) {
                addEventListener(name, () => { this.#scrolledAt = performance.now(); }, { passive: true });
            }
        }
        this.gaps = root ? [...root.querySelectorAll(".vp-gap")].map((gap) => [Number(gap.dataset.s), Number(gap.dataset.e)]) : [];
    }

    // What the waveform colours: [start, end, colour] of each line, and the gaps.
    get spans() {
        return { lines: this.lines.map((line, index) => [this.starts[index], this.ends[index], Number(line.dataset.colour)]), gaps: this.gaps };
    }

    show(ms) {
        const index = this.#indexAt(ms);
        const line = index >= 0 && ms < this.ends[index] ? this.lines[index] : null;
        if (line !== this.#current) this.#enter(line);
        if (line) this.#markWord(line, ms);
    }

    reveal(ids) {
        for (const line of document.querySelectorAll(".vp-line.is-quoted")) line.classList.remove("is-quoted");
        const found = this.lines.filter((line) => ids.includes(line.dataset.id));
        for (const line of found) line.classList.add("is-quoted");
        if (found.length) this.#bring(found[0]);
    }

    before(ms) {
        const index = this.#indexAt(ms - 800);
        return index >= 0 ? this.starts[index] : 0;
    }

    after(ms) {
        return this.starts.find((start) => start > ms) ?? ms;
    }

    #indexAt(ms) {
        let [low, high] = [0, this.starts.length];
        while (low < high) {
            const middle = (low + high) >> 1;
            if (this.starts[middle] <= ms) low = middle + 1;
            else high = middle;
        }
        return low - 1;
    }

    #enter(line) {
        this.#unmark();
        this.#current?.classList.remove("is-current");
        this.#current = line;
        if (!line) return;
        line.classList.add("is-current");
        const isReading = performance.now() - this.#scrolledAt < REST_MS;
        if (this.player.isPlaying && this.player.follows.checked && !isReading) this.#bring(line);
    }

    #bring(line) {
        if (!line.offsetParent) return; // behind another tab
        const { top, bottom } = line.getBoundingClientRect();
        const isSeen = top > 120 && bottom < innerHeight - 160;
        if (!isSeen) line.scrollIntoView({ block: "center", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    }

    // Words are found by counting the text's words: the server sends their times only where the counts agree.
    #words(line) {
        if (!line.words) {
            const starts = line.dataset.w ? line.dataset.w.split(",").map((ms) => Number(ms) + Number(line.dataset.s)) : [];
            const text = line.querySelector("p").textContent;
            line.words = [...text.matchAll(/\S+/g)].map((match, index) => ({ from: match.index, to: match.index + match[0].length, start: starts[index] }));
            if (line.words.length !== starts.length) line.words = [];
        }
        return line.words;
    }

    #markWord(line, ms) {
        const word = this.#words(line).findLast((one) => one.start <= ms);
        if (!word || this.#mark?.word === word) return;
        this.#unmark();
        const paragraph = line.querySelector("p");
        const range = document.createRange();
        range.setStart(paragraph.firstChild, word.from);
        range.setEnd(paragraph.firstChild, word.to);
        const element = document.createElement("mark");
        range.surroundContents(element);
        this.#mark = { word, element, paragraph };
    }

    #unmark() {
        if (!this.#mark) return;
        const { element, paragraph } = this.#mark;
        element.replaceWith(...element.childNodes);
        paragraph.normalize();
        this.#mark = null;
    }

    #clicked(event) {
        const line = event.target.closest(".vp-line");
        if (!line || event.target.closest("button") || !getSelection().isCollapsed) return;
        const offset = this.#offsetIn(line.querySelector("p"), event);
        const word = offset === null ? null : this.#words(line).find((one) => offset < one.to);
        this.player.play(word?.start ?? Number(line.dataset.s));
    }

    #offsetIn(paragraph, event) {
        const found = document.caretPositionFromPoint
            ? document.caretPositionFromPoint(event.clientX, event.clientY)
            : document.caretRangeFromPoint?.(event.clientX, event.clientY);
        const node = found?.offsetNode ?? found?.startContainer;
        if (!node || !paragraph.contains(node)) return null;
        const before = document.createRange();
        before.setStart(paragraph, 0);
        before.setEnd(node, found.offset ?? found.startOffset);
        return before.toString().length;
    }
}
