"""Every error that the office may read, under one root.

HuiyingError                      one Chinese line: what is wrong and how to mend it
(config.settings.SettingsError stands apart: config lies below this room)
├── pipeline.store.engine.StoreError          the store cannot be opened or is of another version
├── pipeline.importing.ImportRefused          a file that cannot be read at all
├── pipeline.cases.refusal.Refused            an action, form or file that the rules of cases do not allow
├── pipeline.analysis.district.DistrictError      a file of the district's configuration is missing or wrong
├── pipeline.analysis.gazetteer.GazetteerError    no such district, or no national gazetteer installed
├── pipeline.analysis.train_topic.TrainingRefused a labelled file that cannot be used
└── (rooms add theirs beside their code and draw it here)
"""


class HuiyingError(Exception):
    """The message is already the one line that is shown: what is wrong, and how to mend it, in Chinese."""
