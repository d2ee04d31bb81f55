// The upload page: a list of files, each sent in a request of its own, so that one that fails stops no other.

const AT_ONCE = 2;
const UNITS = [["GB", 1024 ** 3], ["MB", 1024 ** 2], ["kB", 1024]];

const form = document.getElementById("upload");
const drop = form.querySelector(".vp-drop");
const picker = document.getElementById("upload-files");
const list = document.getElementById("upload-list");
const summary = document.getElementById("upload-summary");
const template = document.getElementById("upload-item");
const send = form.querySelector("button[type=submit]");
const items = new Map(); // element -> {file, state: "waiting" | "sending" | "done" | "failed"}

form.classList.add("is-scripted");
picker.required = false;

function sizeText(bytes) {
    const [unit, factor] = UNITS.find(([, least]) => bytes >= least) ?? ["B", 1];
    return `${factor === 1 ? bytes : (bytes / factor).toFixed(1)} ${unit}`;
}

function add(files) {
    for (const file of files) {
        const element = template.content.firstElementChild.cloneNode(true);
        element.querySelector(".vp-file-title").value = file.name.replace(/\.[^.]{1,5}$/, "").slice(0, 300);
        element.querySelector(".vp-file-name").textContent = `${file.name} · ${sizeText(file.size)}`;
        element.querySelector("[data-do=remove]").addEventListener("click", () => {
            items.get(element)?.request?.abort();
            items.delete(element);
            element.remove();
            count();
        });
        items.set(element, { file, state: "waiting" });
        list.append(element);
    }
    count();
}

function count() {
    const states = [...items.values()].map((item) => item.state);
    const of = (state) => states.filter((one) => one === state).length;
    const parts = [["sending", "on the way"], ["waiting", "waiting"], ["done", "uploaded"], ["failed", "failed"]]
        .filter(([state]) => of(state)).map(([state, words]) => `${of(state)} ${words}`);
    summary.textContent = parts.join(", ") || "No files chosen yet";
    send.disabled = !of("waiting");
}

function show(element, state, ...content) {
    items.get(element).state = state;
    element.dataset.state = state;
    const line = element.querySelector(".vp-file-state");
    line.hidden = false;
    line.replaceChildren(...content);
    element.querySelector(".vp-bar").hidden = state !== "sending";
    element.querySelector(".vp-file-title").disabled = state === "sending" || state === "done";
    count();
}

function link(address, text) {
    const anchor = document.createElement("a");
    anchor.href = address;
    anchor.textContent = text;
    return anchor;
}

function fields(element) {
    const data = new FormData(form);
    data.delete("file");
    data.delete("csrfmiddlewaretoken"); // it travels in a header: there it is checked before the body is read
    data.set("title", element.querySelector(".vp-file-title").value);
    data.append("file", items.get(element).file); // last: the server streams it
    return data;
}

function fail(element, detail) {
    const again = document.createElement("button");
    again.type = "button";
    again.className = "vp-button vp-small";
    again.textContent = "Try again";
    again.addEventListener("click", () => {
        show(element, "waiting", "Waiting");
        pump();
    });
    show(element, "failed", detail, again);
}

function settle(element, request) {
    let answer = {};
    try {
        answer = JSON.parse(request.responseText);
    } catch {
        // Not ours: a proxy's page, or the login form after the session has ended.
    }
    if (request.status === 201) {
        const words = answer.is_duplicate ? "Uploaded; the same file was here before." : "Uploaded.";
        show(element, "done", words, link(answer.url, "Open"));
    } else {
        const status = request.status === 403 ? "You are not logged in any more, or may not upload here." : `The server answered ${request.status}.`;
        fail(element, answer.detail ?? status);
    }
}

function upload(element) {
    return new Promise((resolve) => {
        const request = new XMLHttpRequest();
        const bar = element.querySelector(".vp-bar");
        items.get(element).request = request;
        show(element, "sending", "Sending");
        request.upload.addEventListener("progress", (event) => {
            const percent = Math.floor((100 * event.loaded) / event.total);
            bar.setAttribute("aria-valuenow", percent);
            bar.firstElementChild.style.width = `${percent}%`;
            element.querySelector(".vp-file-state").textContent = percent < 100 ? `Sending, ${percent} %` : "Storing";
        });
        request.addEventListener("load", () => settle(element, request));
        request.addEventListener("error", () => fail(element, "The connection broke. Nothing of this file was kept."));
        request.addEventListener("loadend", resolve);
        const workspace = new URLSearchParams({ workspace: form.elements.workspace.value });
        request.open("PUT", `${form.dataset.url}?${workspace}`);
        request.setRequestHeader("X-CSRFToken", form.elements.csrfmiddlewaretoken.value);
        request.setRequestHeader("Accept", "application/json");
        request.send(fields(element));
    });
}

let running = 0;

function pump() {
    for (const [element, item] of items) {
        if (running >= AT_ONCE) return;
        if (item.state !== "waiting") continue;
        running += 1;
        upload(element).then(() => {
            running -= 1;
            pump();
        });
    }
}

form.addEventListener("submit", (event) => {
    event.preventDefault();
    pump();
});
picker.addEventListener("change", () => {
    add(picker.files);
    picker.value = "";
});
drop.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        picker.click();
    }
});
for (const name of ["dragenter", "dragover"]) {
    form.addEventListener(name, (event) => {
        event.preventDefault();
        drop.classList.add("is-over");
    });
}
form.addEventListener("dragleave", (event) => {
    if (!form.contains(event.relatedTarget)) drop.classList.remove("is-over");
});
form.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("is-over");
    add(event.dataTransfer.files);
});
addEventListener("beforeunload", (event) => {
    if (running) event.preventDefault();
});
count();
