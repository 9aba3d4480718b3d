"""Persons who are enrolled after the training: a model of background persons, none of whom is enrolled."""

import neural_vault

# A folder for each person, and in it a .npy file of each session: the time courses of regions (frames, regions).
background = neural_vault.load("background")
persons = neural_vault.load("persons")

model = neural_vault.train(background, recipe="connectome")
enrolment = neural_vault.Enrolment.create(model, persons, label="ada", enrol_sessions=["day1"])

for person in persons.labels:
    probe = persons.select(labels=[person], sessions=["day2"])
    print(person, "accepted" if enrolment.verify(probe) else "rejected")
