// Tabs that remember themselves in the address, and menus that close when something else is clicked.

const WIDE = matchMedia("(min-width: 1100px)");

export function setUpTabs() {
    const tabs = [...document.querySelectorAll("[data-tab]")];
    const panels = [...document.querySelectorAll("[data-panel]")];
    document.getElementById("content").classList.add("is-tabbed");

    function show(name) {
        for (const tab of tabs) tab.setAttribute("aria-selected", String(tab.dataset.tab === name));
        for (const panel of panels) panel.classList.toggle("is-shown", panel.dataset.panel === name);
    }

    function start() {
        const wanted = location.hash.slice(1);
        const usual = WIDE.matches ? "reports" : "transcript";
        const isKnown = tabs.some((tab) => tab.dataset.tab === wanted) && !(WIDE.matches && wanted === "transcript");
        show(isKnown ? wanted : usual);
    }

    for (const [index, tab] of tabs.entries()) {
        tab.addEventListener("click", () => {
            history.replaceState(null, "", `#${tab.dataset.tab}`);
            show(tab.dataset.tab);
        });
        tab.addEventListener("keydown", (event) => {
            const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
            if (!step) return;
            event.preventDefault();
            event.stopPropagation();
            tabs[(index + step + tabs.length) % tabs.length].focus();
        });
    }
    WIDE.addEventListener("change", start);
    start();
}

export function setUpMenus() {
    const menus = document.querySelectorAll(".vp-menu");
    document.addEventListener("click", (event) => {
        for (const menu of menus) if (!menu.contains(event.target)) menu.open = false;
    });
    document.addEventListener("keydown", (event) => {
        if (event.key !== "Escape") return;
        for (const menu of menus) menu.open = false;
    });
}
