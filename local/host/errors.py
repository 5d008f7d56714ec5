"""What can be wrong with a host's set-up; each message says what to do next."""


class HostError(Exception):
    """The host cannot start as it is configured."""


class AppLoadError(HostError):
    """The function app's file is missing, does not import, or holds no app object."""


class UnsupportedFeatureError(HostError):
    """The app asks for something that only the real host has."""


class SettingError(HostError):
    """An app setting is missing or has a value that cannot be used."""


class PortTakenError(HostError):
    """Somebody else listens on a port that this host was given."""
