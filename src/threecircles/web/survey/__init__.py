"""The form in the browser: without it the questions would have to be asked on paper."""

from threecircles.web.survey.routes import ROUTES, survey_app

__all__ = ["ROUTES", "survey_app"]
