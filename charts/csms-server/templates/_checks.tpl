{{- /* What goes together and what does not; values.schema.json has seen to the rest. */ -}}
{{- define "csms.checks" -}}
{{- $values := .Values -}}
{{- with $values.rootKey -}}
{{- if and .existingSecret .value }}{{ fail "rootKey: set existingSecret or value, not both" }}{{ end -}}
{{- end -}}
{{- with $values.identities -}}
{{- if and .existingSecret .files }}{{ fail "identities: set existingSecret or files, not both" }}{{ end -}}
{{- if and .files (not (hasKey .files "identities.yaml")) }}{{ fail "identities.files: one of them must be identities.yaml" }}{{ end -}}
{{- end -}}
{{- if and $values.dev.existingSecret $values.dev.credentials }}{{ fail "dev: set existingSecret or credentials, not both" }}{{ end -}}
{{- if and $values.hooks.caKey (not $values.hooks.existingSecret) }}{{ fail "hooks.caKey: needs hooks.existingSecret" }}{{ end -}}
{{- if and $values.tls.existingSecret $values.tls.plainHttp }}{{ fail "tls: set existingSecret or plainHttp, not both" }}{{ end -}}
{{- if and $values.metrics.serviceMonitor.enabled (not $values.metrics.enabled) }}{{ fail "metrics.serviceMonitor: needs metrics.enabled" }}{{ end -}}
{{- if and $values.metrics.enabled (eq (int $values.metrics.port) 4280) }}{{ fail "metrics.port: 4280 is the server's own" }}{{ end -}}
{{- if eq $values.mode "serve" -}}
{{- if not (or $values.rootKey.existingSecret $values.rootKey.value) -}}
{{- fail "rootKey.existingSecret: name a Secret with the root key; README.md of the chart shows how to make one (mode: dev needs none)" -}}
{{- end -}}
{{- if not (or $values.identities.existingSecret $values.identities.files) -}}
{{- fail "identities.existingSecret: name a Secret with identities.yaml; README.md of the chart shows how to make one (mode: dev needs none)" -}}
{{- end -}}
{{- if not (or $values.tls.existingSecret $values.tls.plainHttp) -}}
{{- fail "tls.existingSecret: name a Secret of the type kubernetes.io/tls, or set tls.plainHttp where something else encrypts" -}}
{{- end -}}
{{- if not $values.persistence.enabled }}{{ fail "persistence.enabled: without a volume, all secrets would be gone with the pod (mode: dev may)" }}{{ end -}}
{{- if or $values.dev.existingSecret $values.dev.credentials $values.dev.seedSecret }}{{ fail "dev: is for mode dev" }}{{ end -}}
{{- range $name := list "CSMS_CONTROL_HOSTS" "CSMS_POLICY_LEARN" "CSMS_WORLDS" -}}
{{- if hasKey $values.settings $name }}{{ fail (printf "settings.%s: is for mode dev" $name) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end }}
