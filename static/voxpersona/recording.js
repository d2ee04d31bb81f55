// The page of one recording: joins the player, the waveform, the transcript, the tabs and the live progress.

import { follow } from "./recording/live.js";
import { Player } from "./recording/player.js";
import { setUpTabs, setUpMenus } from "./recording/tabs.js";
import { Transcript } from "./recording/transcript.js";
import { Waveform } from "./recording/waveform.js";

const data = JSON.parse(document.getElementById("player-data").textContent);

setUpTabs();
setUpMenus();

const player = data.audio ? new Player(document.getElementById("player"), data.duration) : null;
const transcript = new Transcript(document.getElementById("lines"), player);
if (player) {
    const waveform = new Waveform(document.getElementById("wave"), data, transcript.spans);
    player.onTime = (ms) => {
        waveform.show(ms);
        transcript.show(ms);
    };
    waveform.onSeek = (ms) => player.seek(ms);
    player.listen(transcript);
}
if (data.running) follow(data, () => player?.isPlaying ?? false);
