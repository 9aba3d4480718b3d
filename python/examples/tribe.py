"""Predictions of TRIBE v2: enrol a kind of clips, and verify another clip of it."""

import neural_vault
from tribev2 import TribeModel

CLIPS = {kind: [f"{kind}_{number}.mp4" for number in range(1, 5)] for kind in ("ocean", "street", "woods")}

tribe = TribeModel.from_pretrained("facebook/tribev2", cache_folder="./cache")
scans, labels, sessions, times = [], [], [], []
for kind, clips in CLIPS.items():
    for number, clip in enumerate(clips, 1):
        preds, segments = tribe.predict(tribe.get_events_dataframe(video_path=clip))
        scans.append(preds)  # (timesteps, 20484), one a second
        times.append([segment.start for segment in segments])  # TRIBE leaves out seconds without events
        labels.append(kind)
        sessions.append(f"clip {number}")

recordings = neural_vault.Recordings.from_scans(scans, labels, sessions, times=times)
model = neural_vault.train(recordings.select(sessions=["clip 1", "clip 2"]), recipe="linear")
enrolment = neural_vault.Enrolment.create(model, recordings, label="ocean", enrol_sessions=["clip 3"])

print("another clip of the ocean:", enrolment.verify(recordings.select(labels=["ocean"], sessions=["clip 4"])))
print("a street:", enrolment.verify(recordings.select(labels=["street"], sessions=["clip 4"])))
