"""What only a browser shows: scripts, sound, layout. Real audio, really transcribed."""

import re
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from apps.recordings.models import PreparedAudio, Recording
from apps.transcripts.models import Utterance
from tests.factories import PreparedAudioFactory, RecordingFactory, TranscriptFactory, UtteranceFactory

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]

AUDIO = Path(__file__).parent.parent / "data" / "audio"
ADD = "admin:recordings_recording_add"
LIST = "admin:recordings_recording_changelist"
PHONE = {"viewport": {"width": 390, "height": 844}}


def page_of(recording: Recording) -> str:
    return reverse("admin:recordings_recording_change", args=[recording.pk])


def upload(page: Page, *names: str) -> None:
    page.goto(reverse(ADD))
    page.set_input_files("#upload-files", [AUDIO / name for name in names])
    page.click("#upload button[type=submit]")


def now_ms(page: Page) -> float:
    return page.evaluate("document.getElementById('audio').currentTime * 1000")


@pytest.fixture
def cards(page, workspace, work) -> Recording:
    """A recording that was uploaded in the browser and processed."""
    upload(page, "en_cards_16k.wav")
    expect(page.locator(".vp-file-state")).to_contain_text("Uploaded.")
    work()
    recording = Recording.objects.get()
    assert recording.status == "completed"
    return recording


def test_several_files_are_uploaded_and_a_bad_one_stops_no_other(page, workspace, tmp_path):
    bad = tmp_path / "page.mp3"
    bad.write_text("<html>" * 100_000)
    page.goto(reverse(ADD))
    page.set_input_files("#upload-files", [AUDIO / "en_cards_16k.wav", bad, AUDIO / "en_arctic_16k.wav"])
    page.fill("input[name=client]", "Ann <b>Lee</b>")
    page.fill("input[name=tags]", "vip, spa")
    page.locator(".vp-file-title").first.fill("Cards")
    page.click("#upload button[type=submit]")

    expect(page.locator("#upload-summary")).to_have_text("2 uploaded, 1 failed")
    expect(page.locator(".vp-file").nth(1)).to_contain_text("not an audio or video format")
    cards = Recording.objects.get(filename="en_cards_16k.wav")
    assert cards.title == "Cards"
    assert cards.metadata == {"client": "Ann <b>Lee</b>", "tags": ["vip", "spa"]}
    page.locator(".vp-file").first.get_by_role("link", name="Open").click()
    expect(page.locator(".vp-rec-title h2")).to_have_text("Cards")


def test_a_file_that_failed_can_be_sent_again(page, workspace):
    page.goto(reverse(ADD))
    page.set_input_files("#upload-files", [AUDIO / "en_cards_16k.wav"])
    page.context.set_offline(True)
    page.click("#upload button[type=submit]")
    expect(page.locator(".vp-file-state")).to_contain_text("The connection broke")
    page.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()

    expect(page.locator(".vp-file-state")).to_contain_text("Uploaded.")
    assert Recording.objects.count() == 1


def test_without_scripts_the_form_uploads_too(context_of, workspace):
    page = context_of("analyst", java_script_enabled=False).new_page()
    page.goto(reverse(ADD))
    page.set_input_files("#upload-files", [AUDIO / "en_cards_16k.wav", AUDIO / "en_arctic_16k.wav"])
    page.click("#upload button[type=submit]")

    expect(page.locator("body")).to_contain_text("Uploaded: 2.")
    assert Recording.objects.count() == 2


def test_the_list_follows_what_is_being_done(page, workspace, work):
    upload(page, "en_cards_16k.wav")
    expect(page.locator(".vp-file-state")).to_contain_text("Uploaded.")
    page.goto(reverse(LIST))
    status = page.locator(".vp-status")
    expect(status).to_contain_text("Preparing the audio")
    work()

    expect(status).to_have_text("Completed", timeout=10_000)


def test_the_page_of_a_recording_follows_it_to_its_end(page, workspace, work):
    upload(page, "en_cards_16k.wav")
    page.get_by_role("link", name="Open").click()
    expect(page.locator("#progress")).to_be_visible()
    work()

    expect(page.locator("#status-badge")).to_have_text("Completed", timeout=10_000)
    expect(page.locator("#lines")).to_contain_text("eight of spades")


def test_a_quote_plays_its_own_sound_and_stops(page, cards):
    page.goto(page_of(cards))
    quote = page.locator(".vp-quote").first
    start, end = (int(quote.get_attribute(f"data-{name}")) for name in ("play", "until"))
    page.select_option("#speed", "2")
    quote.click()

    expect(quote).to_have_class(re.compile("is-playing"))
    expect(page.locator(".vp-line.is-quoted")).to_have_count(1)
    page.wait_for_function("document.getElementById('audio').paused", timeout=10_000)
    assert start < now_ms(page) <= end + 500


def test_a_word_a_time_and_the_waveform_are_places_to_play_from(page, cards):
    page.goto(page_of(cards))
    words = Utterance.objects.get(transcript__recording=cards).words
    box = page.locator(".vp-line p").bounding_box()
    page.mouse.click(box["x"] + 4, box["y"] + 10)
    expect(page.locator(".vp-line mark")).to_be_visible()
    page.click("#play")
    assert now_ms(page) >= words[0]["start"]

    page.locator(".vp-time").first.click()
    page.wait_for_function("!document.getElementById('audio').paused")
    page.click("#play")
    wave = page.locator("#wave").bounding_box()
    page.mouse.click(wave["x"] + wave["width"] / 2, wave["y"] + 20)
    assert now_ms(page) == pytest.approx(PreparedAudio.objects.get().duration_ms / 2, rel=0.03)


def test_keys_play_and_seek_but_not_while_somebody_types(page, cards):
    page.goto(page_of(cards))
    page.locator(".vp-rec-title").click()
    page.keyboard.press("Space")
    page.wait_for_function("!document.getElementById('audio').paused")
    page.keyboard.press("Space")
    page.wait_for_function("document.getElementById('audio').paused")
    before = now_ms(page)
    page.keyboard.press("Shift+ArrowLeft")
    assert now_ms(page) <= before
    page.get_by_role("tab", name="Details").click()
    page.locator("input[name=title]").fill("a b")
    page.keyboard.press("Space")

    assert page.evaluate("document.getElementById('audio').paused")
    assert page.locator("input[name=title]").input_value() == "a b "


def test_the_details_are_saved_from_the_page(page, cards):
    page.goto(page_of(cards))
    page.get_by_role("tab", name="Details").click()
    page.locator("#panel-details input[name=title]").fill("Deck of cards")
    page.locator("#panel-details input[name=city]").fill("Казань")
    page.locator("#panel-details").get_by_role("button", name="Save").click()

    expect(page.locator(".vp-rec-title h2")).to_have_text("Deck of cards")
    cards.refresh_from_db()
    assert cards.metadata["city"] == "Казань"


def test_a_gap_is_typed_in_the_page(page, workspace):
    recording = RecordingFactory(workspace=workspace, status="needs_attention", error_code="coverage_incomplete")
    PreparedAudioFactory(recording=recording)
    TranscriptFactory(recording=recording, gaps=[{"start": 1000, "end": 9000}])
    page.goto(page_of(recording))
    gap = page.locator(".vp-gap")
    gap.get_by_text("Type what is said").click()
    gap.locator("input[name=speaker]").fill("Guest")
    gap.locator("textarea").fill("We liked the light.")
    gap.get_by_role("button", name="Save").click()

    expect(page.locator(".vp-line")).to_contain_text("We liked the light.")
    expect(page.locator(".vp-line .vp-speaker")).to_have_text("Guest")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_a_phone(context_of, workspace, scheme):
    recording = RecordingFactory(
        workspace=workspace,
        title="x" * 120,
        metadata={"client": "Maximilian " * 8},
        status="needs_attention",
        error_code="coverage_incomplete",
        error_detail="d" * 300,
        warnings=["poor_audio", "language_assumed"],
    )
    PreparedAudioFactory(recording=recording)
    transcript = TranscriptFactory(recording=recording, gaps=[{"start": 1000, "end": 9000}])
    UtteranceFactory(transcript=transcript, text="word" * 60, speaker="S" * 64)
    page = context_of("admin", color_scheme=scheme, **PHONE).new_page()

    for address in (reverse("admin:index"), reverse(LIST), reverse(ADD), page_of(recording), reverse("admin:login")):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, address
    page.goto(page_of(recording))
    for tab in ("Transcript", "Reports", "Details", "Processing"):
        page.get_by_role("tab", name=tab).click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, tab


def test_five_thousand_utterances_stay_usable(page, workspace):
    recording = RecordingFactory(workspace=workspace, duration_ms=10_000_000)
    PreparedAudioFactory(recording=recording, duration_ms=10_000_000, peaks=[50] * 2000)
    transcript = TranscriptFactory(recording=recording)
    Utterance.objects.bulk_create(
        UtteranceFactory.build(transcript=transcript, index=index, speaker="AB"[index % 2], text="so many words " * 6)
        for index in range(5000)
    )
    page.goto(page_of(recording))
    expect(page.locator(".vp-line")).to_have_count(5000)
    page.evaluate("document.querySelectorAll('.vp-line')[4900].scrollIntoView()")
    expect(page.locator(".vp-line").nth(4900)).to_be_in_viewport()
    page.get_by_role("tab", name="Details").click(timeout=3000)
    expect(page.locator("input[name=title]")).to_be_visible()


def test_text_of_speakers_runs_nothing(page, workspace):
    attack = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    recording = RecordingFactory(workspace=workspace, title=attack, filename=attack, metadata={attack: attack})
    PreparedAudioFactory(recording=recording)
    UtteranceFactory(transcript__recording=recording, text=attack, speaker=attack[:64])
    for address in (page_of(recording), reverse(LIST), reverse("admin:index")):
        page.goto(address)
        expect(page.locator("body")).to_contain_text("onerror")
        assert page.title() != "owned"


def test_a_new_key_is_copied_from_its_page(page, workspace):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(reverse("admin:accounts_apikey_add"))
    page.select_option("select[name=workspace]", str(workspace.pk))
    page.fill("input[name=name]", "importer")
    page.locator("button[name=_save], input[name=_save]").click()
    text = page.locator("#api-key").text_content()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()

    assert page.evaluate("navigator.clipboard.readText()") == text
    assert text.startswith("vox_")
