{{- define "csms.hasRootKey" -}}
{{- if or .Values.rootKey.existingSecret .Values.rootKey.value }}true{{ end -}}
{{- end }}

{{- define "csms.hasIdentities" -}}
{{- if or .Values.identities.existingSecret .Values.identities.files }}true{{ end -}}
{{- end }}

{{- /* 0440: the server refuses secrets that every user of the container could read, which is the default. */ -}}
{{- define "csms.volumes" -}}
{{- if include "csms.hasRootKey" . }}
- name: root-key
  secret:
    secretName: {{ include "csms.rootKeySecret" . }}
    defaultMode: 0440
    items:
      - key: {{ ternary "root.key" .Values.rootKey.key (eq .Values.rootKey.existingSecret "") }}
        path: root.key
{{- end }}
{{- if include "csms.hasIdentities" . }}
- name: identities
  secret:
    secretName: {{ include "csms.identitiesSecret" . }}
    defaultMode: 0440
{{- end }}
{{- with .Values.tls.existingSecret }}
- name: tls
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- with .Values.hooks.existingSecret }}
- name: hooks
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- with .Values.dev.seedSecret }}
- name: seed
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- if not .Values.persistence.enabled }}
- name: data
  emptyDir:
    sizeLimit: {{ .Values.persistence.size }}
{{- else if .Values.persistence.existingClaim }}
- name: data
  persistentVolumeClaim:
    claimName: {{ .Values.persistence.existingClaim }}
{{- end }}
{{- end }}
