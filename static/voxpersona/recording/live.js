// Progress while a recording is being processed, and news when there is more to read.

const EVERY_MS = 2000;

export function follow(data, isPlaying) {
    const element = (id) => document.getElementById(id);
    const news = element("show-news");
    news.addEventListener("click", () => location.reload());

    const isBusy = () => isPlaying() || document.activeElement?.matches("input, textarea, select") || document.querySelector("details[open].vp-menu");

    function show(state) {
        element("progress-label").textContent = state.stage || "Waiting for a worker";
        element("progress-bar").style.width = `${state.progress}%`;
        element("progress-percent").textContent = `${state.progress} %`;
        element("status-badge").textContent = state.label;
        element("status-badge").dataset.tone = state.status;
    }

    async function ask() {
        if (document.hidden) return true;
        const answer = await fetch(data.live, { headers: { Accept: "application/json" } });
        if (!answer.ok || answer.redirected) return answer.status !== 404;
        const state = await answer.json();
        show(state);
        if (state.changed === data.changed) return true;
        if (!isBusy()) {
            location.reload();
            return false;
        }
        news.hidden = false;
        return state.running;
    }

    async function round() {
        let goes = true;
        try {
            goes = await ask();
        } catch {
            // The server or the network is away for a moment: the next round asks again.
        }
        if (goes) setTimeout(round, EVERY_MS);
    }

    setTimeout(round, EVERY_MS);
}
