#!/bin/sh
# The server on this machine, through ngrok, for a trial with Okta: NGROK_AUTHTOKEN=… sh start.sh
set -eu
: "${NGROK_AUTHTOKEN:?set it to the authtoken of your account: https://dashboard.ngrok.com/get-started/your-authtoken}"

# One store for each trial, and a line for each request
SCIM_BACKEND=${SCIM_BACKEND:-sqlite:///okta-trial.db}
SCIM_LOG_LEVEL=${SCIM_LOG_LEVEL:-INFO}
export SCIM_BACKEND SCIM_LOG_LEVEL

exec bsr-scim serve --tunnel ngrok "$@"
