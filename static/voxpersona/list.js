// The list of recordings: renews the status of rows that are visible and still being worked on.

(() => {
    const EVERY_MS = 2500;
    const RUNNING = new Set(["queued", "processing"]);
    const address = new URL("live/", location.href.split("?")[0]);
    const visible = new Set();

    const watcher = new IntersectionObserver((entries) => {
        for (const entry of entries) {
            if (entry.isIntersecting) visible.add(entry.target);
            else visible.delete(entry.target);
        }
    });

    const waiting = () => [...visible].filter((cell) => RUNNING.has(cell.dataset.status));

    async function refresh() {
        const cells = waiting();
        if (!cells.length || document.hidden) return;
        const query = new URLSearchParams(cells.map((cell) => ["id", cell.dataset.live]));
        const answer = await fetch(`${address}?${query}`, { headers: { Accept: "application/json" } });
        if (!answer.ok || answer.redirected) return;
        const found = (await answer.json()).cells;
        for (const cell of cells) {
            const news = found[cell.dataset.live];
            if (!news) continue;
            cell.dataset.status = news.status;
            cell.innerHTML = news.html; // made and escaped by the server, with the same code as the page
        }
    }

    async function follow() {
        try {
            await refresh();
        } catch {
            // The server or the network is away for a moment: the next round asks again.
        }
        setTimeout(follow, EVERY_MS);
    }

    document.addEventListener("DOMContentLoaded", () => {
        for (const cell of document.querySelectorAll("#result_list [data-live]")) watcher.observe(cell);
        follow();
    });
})();
