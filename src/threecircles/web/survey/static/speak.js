// Reading aloud: a recording where there is one, else the tablet's own voice.
let playing = null;

export const hush = () => {
  playing?.pause();
  playing = null;
  globalThis.speechSynthesis?.cancel();
};

const byVoice = (text, language) =>
  new Promise((done) => {
    const voices = globalThis.speechSynthesis?.getVoices?.() ?? [];
    const voice = voices.find((v) => v.localService && v.lang.startsWith(language));
    if (!voice) return done(false);
    const said = Object.assign(new SpeechSynthesisUtterance(text), { voice, lang: voice.lang, rate: 0.9 });
    said.onend = said.onerror = () => done(true);
    speechSynthesis.speak(said);
  });

export const say = async (key, text, language) => {
  hush();
  const sound = new Audio(`/survey/audio/${language}/${key}`);
  playing = sound;
  const heard = await new Promise((done) => {
    sound.onended = () => done(true);
    sound.onerror = () => done(false);
    sound.play().catch(() => done(false));
  });
  return heard || byVoice(text, language);
};

// Every text on the screen, one after the other, until something else is asked for.
export const sayAll = async (place, language) => {
  for (const part of place.querySelectorAll("[data-say]")) {
    part.classList.add("is-said");
    await say(part.dataset.say, part.textContent.trim(), language);
    part.classList.remove("is-said");
    if (!part.isConnected) return;
  }
};
