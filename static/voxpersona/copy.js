// Buttons that copy text: data-copy names the element that holds it.

for (const button of document.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", async () => {
        const source = document.querySelector(button.dataset.copy);
        const label = button.textContent;
        try {
            await navigator.clipboard.writeText(source.textContent);
            button.textContent = "Copied";
        } catch {
            // Without a secure context the browser does not copy: select the text for the person to do it.
            getSelection().selectAllChildren(source);
            button.textContent = "Press Ctrl+C";
        }
        setTimeout(() => { button.textContent = label; }, 2000);
    });
}
