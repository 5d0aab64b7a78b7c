{{- define "csms.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 52 | trimSuffix "-" -}}
{{- end }}

{{- /* 52 characters: a StatefulSet's pods carry its name, a dash and ten characters in a label of 63. */ -}}
{{- define "csms.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name -}}
{{- $isPart := or (contains $name .Release.Name) (hasPrefix (printf "%s-" .Release.Name) $name) -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) $isPart -}}
{{- .Values.fullnameOverride | default $full | trunc 52 | trimSuffix "-" -}}
{{- end }}

{{- define "csms.selector" -}}
app.kubernetes.io/name: {{ include "csms.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "csms.labels" -}}
{{ include "csms.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "csms.image" -}}
{{- with .Values.image -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{- define "csms.serviceAccount" -}}
{{- $made := ternary (include "csms.fullname" .) "default" .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default $made -}}
{{- end }}

{{- define "csms.rootKeySecret" -}}
{{- .Values.rootKey.existingSecret | default (printf "%s-root-key" (include "csms.fullname" .)) -}}
{{- end }}

{{- define "csms.identitiesSecret" -}}
{{- .Values.identities.existingSecret | default (printf "%s-identities" (include "csms.fullname" .)) -}}
{{- end }}

{{- define "csms.clientSecret" -}}
{{- .Values.dev.existingSecret | default (printf "%s-client" (include "csms.fullname" .)) -}}
{{- end }}

{{- define "csms.scheme" -}}
{{- ternary "https" "http" (ne .Values.tls.existingSecret "") -}}
{{- end }}

{{- define "csms.url" -}}
{{- printf "%s://%s.%s.svc:%v" (include "csms.scheme" .) (include "csms.fullname" .) .Release.Namespace .Values.service.port -}}
{{- end }}

{{- /* An address and a port as CSMS_METRICS takes them. */ -}}
{{- define "csms.metricsListener" -}}
{{- $host := .Values.listenAddress -}}
{{- printf "%s:%v" (ternary (printf "[%s]" $host) $host (contains ":" $host)) .Values.metrics.port -}}
{{- end }}
