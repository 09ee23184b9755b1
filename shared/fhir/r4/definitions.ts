/* Written by `npm run fhir-definitions` from HL7's definitions of FHIR R4 (4.0.1, CC0). Not to be edited. */

/** Resources that Meridian stores. */
export const STORED_TYPES = [
  "Patient",
  "Observation",
  "Device",
  "Provenance",
  "QuestionnaireResponse",
  "Questionnaire",
  "Goal",
  "CarePlan",
  "DiagnosticReport",
  "DocumentReference",
  "Binary",
  "Consent",
  "AuditEvent",
  "Condition",
  "AllergyIntolerance",
  "MedicationStatement",
  "MedicationRequest",
  "Immunization",
  "Procedure",
  "Practitioner",
  "RelatedPerson",
  "Organization",
  "CareTeam",
  "Group",
  "Subscription",
  "Encounter",
  "List",
  "Basic",
  "Bundle",
  "Communication",
  "Task",
  "Specimen",
  "Location",
  "PractitionerRole",
  "Medication",
  "ServiceRequest",
  "Coverage",
] as const;

/** Every resource of R4. */
export const R4_TYPES = `
Account
ActivityDefinition
AdverseEvent
AllergyIntolerance
Appointment
AppointmentResponse
AuditEvent
Basic
Binary
BiologicallyDerivedProduct
BodyStructure
Bundle
CapabilityStatement
CarePlan
CareTeam
CatalogEntry
ChargeItem
ChargeItemDefinition
Claim
ClaimResponse
ClinicalImpression
CodeSystem
Communication
CommunicationRequest
CompartmentDefinition
Composition
ConceptMap
Condition
Consent
Contract
Coverage
CoverageEligibilityRequest
CoverageEligibilityResponse
DetectedIssue
Device
DeviceDefinition
DeviceMetric
DeviceRequest
DeviceUseStatement
DiagnosticReport
DocumentManifest
DocumentReference
EffectEvidenceSynthesis
Encounter
Endpoint
EnrollmentRequest
EnrollmentResponse
EpisodeOfCare
EventDefinition
Evidence
EvidenceVariable
ExampleScenario
ExplanationOfBenefit
FamilyMemberHistory
Flag
Goal
GraphDefinition
Group
GuidanceResponse
HealthcareService
ImagingStudy
Immunization
ImmunizationEvaluation
ImmunizationRecommendation
ImplementationGuide
InsurancePlan
Invoice
Library
Linkage
List
Location
Measure
MeasureReport
Media
Medication
MedicationAdministration
MedicationDispense
MedicationKnowledge
MedicationRequest
MedicationStatement
MedicinalProduct
MedicinalProductAuthorization
MedicinalProductContraindication
MedicinalProductIndication
MedicinalProductIngredient
MedicinalProductInteraction
MedicinalProductManufactured
MedicinalProductPackaged
MedicinalProductPharmaceutical
MedicinalProductUndesirableEffect
MessageDefinition
MessageHeader
MolecularSequence
NamingSystem
NutritionOrder
Observation
ObservationDefinition
OperationDefinition
OperationOutcome
Organization
OrganizationAffiliation
Parameters
Patient
PaymentNotice
PaymentReconciliation
Person
PlanDefinition
Practitioner
PractitionerRole
Procedure
Provenance
Questionnaire
QuestionnaireResponse
RelatedPerson
RequestGroup
ResearchDefinition
ResearchElementDefinition
ResearchStudy
ResearchSubject
RiskAssessment
RiskEvidenceSynthesis
Schedule
SearchParameter
ServiceRequest
Slot
Specimen
SpecimenDefinition
StructureDefinition
StructureMap
Subscription
SubscriptionStatus
Substance
SubstanceNucleicAcid
SubstancePolymer
SubstanceProtein
SubstanceReferenceInformation
SubstanceSourceMaterial
SubstanceSpecification
SupplyDelivery
SupplyRequest
Task
TerminologyCapabilities
TestReport
TestScript
ValueSet
VerificationResult
VisionPrescription`;

/**
 * `@type base`, then a line an element: name, cardinality (`?` 0..1, `1` 1..1, `*` 0..*, `+` 1..*, `0` forbidden), types with the targets of
 * references, and the set of codes of a required binding.
 */
export const STRUCTURES = `
@Address Element
use ? code =address-use
type ? code =address-type
text ? string
line * string
city ? string
district ? string
state ? string
postalCode ? string
country ? string
period ? Period
@Age Quantity
@AllergyIntolerance DomainResource
identifier * Identifier
clinicalStatus ? CodeableConcept =allergyintolerance-clinical
verificationStatus ? CodeableConcept =allergyintolerance-verification
type ? code =allergy-intolerance-type
category * code =allergy-intolerance-category
criticality ? code =allergy-intolerance-criticality
code ? CodeableConcept
patient 1 Reference(Patient)
encounter ? Reference(Encounter)
onset[x] ? dateTime,Age,Period,Range,string
recordedDate ? dateTime
recorder ? Reference(Practitioner|PractitionerRole|Patient|RelatedPerson)
asserter ? Reference(Patient|RelatedPerson|Practitioner|PractitionerRole)
lastOccurrence ? dateTime
note * Annotation
reaction * AllergyIntolerance.reaction
@AllergyIntolerance.reaction BackboneElement
substance ? CodeableConcept
manifestation + CodeableConcept
description ? string
onset ? dateTime
severity ? code =reaction-event-severity
exposureRoute ? CodeableConcept
note * Annotation
@Annotation Element
author[x] ? Reference(Practitioner|Patient|RelatedPerson|Organization),string
time ? dateTime
text 1 markdown
@Attachment Element
contentType ? code
language ? code
data ? base64Binary
url ? url
size ? unsignedInt
hash ? base64Binary
title ? string
creation ? dateTime
@AuditEvent DomainResource
type 1 Coding
subtype * Coding
action ? code =audit-event-action
period ? Period
recorded 1 instant
outcome ? code =audit-event-outcome
outcomeDesc ? string
purposeOfEvent * CodeableConcept
agent + AuditEvent.agent
source 1 AuditEvent.source
entity * AuditEvent.entity
@AuditEvent.agent BackboneElement
type ? CodeableConcept
role * CodeableConcept
who ? Reference(PractitionerRole|Practitioner|Organization|Device|Patient|RelatedPerson|tion/Bot|tion/ClientApplication)
altId ? string
name ? string
requestor 1 boolean
location ? Reference(Location)
policy * uri
media ? Coding
network ? AuditEvent.agent.network
purposeOfUse * CodeableConcept
@AuditEvent.agent.network BackboneElement
address ? string
type ? code =network-type
@AuditEvent.entity BackboneElement
what ? Reference
type ? Coding
role ? Coding
lifecycle ? Coding
securityLabel * Coding
name ? string
description ? string
query ? base64Binary
detail * AuditEvent.entity.detail
@AuditEvent.entity.detail BackboneElement
type 1 string
value[x] 1 string,base64Binary
@AuditEvent.source BackboneElement
site ? string
observer 1 Reference(PractitionerRole|Practitioner|Organization|Device|Patient|RelatedPerson|Subscription|tion/Bot|tion/ClientApplication)
type * Coding
@BackboneElement Element
modifierExtension * Extension
@Basic DomainResource
identifier * Identifier
code 1 CodeableConcept
subject ? Reference
created ? date
author ? Reference(Practitioner|PractitionerRole|Patient|RelatedPerson|Organization)
@Binary Resource
contentType 1 code
securityContext ? Reference
data ? base64Binary
url ? url
@Bundle Resource
identifier ? Identifier
type 1 code =bundle-type
timestamp ? instant
total ? unsignedInt
link * Bundle.link
entry * Bundle.entry
signature ? Signature
@Bundle.entry BackboneElement
link * Bundle.link
fullUrl ? uri
resource ? Resource
search ? Bundle.entry.search
request ? Bundle.entry.request
response ? Bundle.entry.response
@Bundle.entry.request BackboneElement
method 1 code =http-verb
url 1 uri
ifNoneMatch ? string
ifModifiedSince ? instant
ifMatch ? string
ifNoneExist ? string
@Bundle.entry.response BackboneElement
status 1 string
location ? uri
etag ? string
lastModified ? instant
outcome ? OperationOutcome
@Bundle.entry.search BackboneElement
mode ? code =search-entry-mode
score ? decimal
@Bundle.link BackboneElement
relation 1 string
url 1 uri
@CarePlan DomainResource
identifier * Identifier
instantiatesCanonical * canonical
instantiatesUri * uri
basedOn * Reference(CarePlan)
replaces * Reference(CarePlan)
partOf * Reference(CarePlan)
status 1 code =request-status
intent 1 code =care-plan-intent
category * CodeableConcept
title ? string
description ? string
subject 1 Reference(Patient|Group)
encounter ? Reference(Encounter)
period ? Period
created ? dateTime
author ? Reference(Patient|Practitioner|PractitionerRole|Device|RelatedPerson|Organization|CareTeam)
contributor * Reference(Patient|Practitioner|PractitionerRole|Device|RelatedPerson|Organization|CareTeam)
careTeam * Reference(CareTeam)
addresses * Reference(Condition)
supportingInfo * Reference
goal * Reference(Goal)
activity * CarePlan.activity
note * Annotation
@CarePlan.activity BackboneElement
outcomeCodeableConcept * CodeableConcept
outcomeReference * Reference
progress * Annotation
reference ? Reference(Appointment|CommunicationRequest|DeviceRequest|MedicationRequest|NutritionOrder|Task|ServiceRequest|VisionPrescription|RequestGroup)
detail ? CarePlan.activity.detail
@CarePlan.activity.detail BackboneElement
kind ? code =care-plan-activity-kind
instantiatesCanonical * canonical
instantiatesUri * uri
code ? CodeableConcept
reasonCode * CodeableConcept
reasonReference * Reference(Condition|Observation|DiagnosticReport|DocumentReference)
goal * Reference(Goal)
status 1 code =care-plan-activity-status
statusReason ? CodeableConcept
doNotPerform ? boolean
scheduled[x] ? Timing,Period,string
location ? Reference(Location)
performer * Reference(Practitioner|PractitionerRole|Organization|RelatedPerson|Patient|CareTeam|HealthcareService|Device)
product[x] ? CodeableConcept,Reference(Medication|Substance)
dailyAmount ? Quantity
quantity ? Quantity
description ? string
@CareTeam DomainResource
identifier * Identifier
status ? code =care-team-status
category * CodeableConcept
name ? string
subject ? Reference(Patient|Group)
encounter ? Reference(Encounter)
period ? Period
participant * CareTeam.participant
reasonCode * CodeableConcept
reasonReference * Reference(Condition)
managingOrganization * Reference(Organization)
telecom * ContactPoint
note * Annotation
@CareTeam.participant BackboneElement
role * CodeableConcept
member ? Reference(Practitioner|PractitionerRole|RelatedPerson|Patient|Organization|CareTeam)
onBehalfOf ? Reference(Organization)
period ? Period
@CodeableConcept Element
coding * Coding
text ? string
@Coding Element
system ? uri
version ? string
code ? code
display ? string
userSelected ? boolean
@Communication DomainResource
identifier * Identifier
instantiatesCanonical * canonical
instantiatesUri * uri
basedOn * Reference
partOf * Reference
inResponseTo * Reference(Communication)
status 1 code =event-status
statusReason ? CodeableConcept
category * CodeableConcept
priority ? code =request-priority
medium * CodeableConcept
subject ? Reference(Patient|Group)
topic ? CodeableConcept
about * Reference
encounter ? Reference(Encounter)
sent ? dateTime
received ? dateTime
recipient * Reference(Device|Organization|Patient|Practitioner|PractitionerRole|RelatedPerson|Group|CareTeam|HealthcareService)
sender ? Reference(Device|Organization|Patient|Practitioner|PractitionerRole|RelatedPerson|HealthcareService)
reasonCode * CodeableConcept
reasonReference * Reference(Condition|Observation|DiagnosticReport|DocumentReference)
payload * Communication.payload
note * Annotation
@Communication.payload BackboneElement
content[x] 1 string,Attachment,Reference
@Composition DomainResource
identifier ? Identifier
status 1 code =composition-status
type 1 CodeableConcept
category * CodeableConcept
subject ? Reference
encounter ? Reference(Encounter)
date 1 dateTime
author + Reference(Practitioner|PractitionerRole|Device|Patient|RelatedPerson|Organization)
title 1 string
confidentiality ? code =v3-ConfidentialityClassification
attester * Composition.attester
custodian ? Reference(Organization)
relatesTo * Composition.relatesTo
event * Composition.event
section * Composition.section
@Composition.attester BackboneElement
mode 1 code =composition-attestation-mode
time ? dateTime
party ? Reference(Patient|RelatedPerson|Practitioner|PractitionerRole|Organization)
@Composition.event BackboneElement
code * CodeableConcept
period ? Period
detail * Reference
@Composition.relatesTo BackboneElement
code 1 code =document-relationship-type
target[x] 1 Identifier,Reference(Composition)
@Composition.section BackboneElement
title ? string
code ? CodeableConcept
author * Reference(Practitioner|PractitionerRole|Device|Patient|RelatedPerson|Organization)
focus ? Reference
text ? Narrative
mode ? code =list-mode
orderedBy ? CodeableConcept
entry * Reference
emptyReason ? CodeableConcept
section * Composition.section
@Condition DomainResource
identifier * Identifier
clinicalStatus ? CodeableConcept =condition-clinical
verificationStatus ? CodeableConcept =condition-ver-status
category * CodeableConcept
severity ? CodeableConcept
code ? CodeableConcept
bodySite * CodeableConcept
subject 1 Reference(Patient|Group)
encounter ? Reference(Encounter)
onset[x] ? dateTime,Age,Period,Range,string
abatement[x] ? dateTime,Age,Period,Range,string
recordedDate ? dateTime
recorder ? Reference(Practitioner|PractitionerRole|Patient|RelatedPerson)
asserter ? Reference(Practitioner|PractitionerRole|Patient|RelatedPerson)
stage * Condition.stage
evidence * Condition.evidence
note * Annotation
@Condition.evidence BackboneElement
code * CodeableConcept
detail * Reference
@Condition.stage BackboneElement
summary ? CodeableConcept
assessment * Reference(ClinicalImpression|DiagnosticReport|Observation)
type ? CodeableConcept
@Consent DomainResource
identifier * Identifier
status 1 code =consent-state-codes
scope 1 CodeableConcept
category + CodeableConcept
patient ? Reference(Patient)
dateTime ? dateTime
performer * Reference(Organization|Patient|Practitioner|RelatedPerson|PractitionerRole)
organization * Reference(Organization)
source[x] ? Attachment,Reference(Consent|DocumentReference|Contract|QuestionnaireResponse)
policy * Consent.policy
policyRule ? CodeableConcept
verification * Consent.verification
provision ? Consent.provision
@Consent.policy BackboneElement
authority ? uri
uri ? uri
@Consent.provision BackboneElement
type ? code =consent-provision-type
period ? Period
actor * Consent.provision.actor
action * CodeableConcept
securityLabel * Coding
purpose * Coding
class * Coding
code * CodeableConcept
dataPeriod ? Period
data * Consent.provision.data
provision * Consent.provision
@Consent.provision.actor BackboneElement
role 1 CodeableConcept
reference 1 Reference(Device|Group|CareTeam|Organization|Patient|Practitioner|RelatedPerson|PractitionerRole)
@Consent.provision.data BackboneElement
meaning 1 code =consent-data-meaning
reference 1 Reference
@Consent.verification BackboneElement
verified 1 boolean
verifiedWith ? Reference(Patient|RelatedPerson)
verificationDate ? dateTime
@ContactDetail Element
name ? string
telecom * ContactPoint
@ContactPoint Element
system ? code =contact-point-system
value ? string
use ? code =contact-point-use
rank ? positiveInt
period ? Period
@Contributor Element
type 1 code =contributor-type
name 1 string
contact * ContactDetail
@Count Quantity
@Coverage DomainResource
identifier * Identifier
status 1 code =fm-status
type ? CodeableConcept
policyHolder ? Reference(Patient|RelatedPerson|Organization)
subscriber ? Reference(Patient|RelatedPerson)
subscriberId ? string
beneficiary 1 Reference(Patient)
dependent ? string
relationship ? CodeableConcept
period ? Period
payor + Reference(Organization|Patient|RelatedPerson)
class * Coverage.class
order ? positiveInt
network ? string
costToBeneficiary * Coverage.costToBeneficiary
subrogation ? boolean
contract * Reference(Contract)
@Coverage.class BackboneElement
type 1 CodeableConcept
value 1 string
name ? string
@Coverage.costToBeneficiary BackboneElement
type ? CodeableConcept
value[x] 1 Quantity,Money
exception * Coverage.costToBeneficiary.exception
@Coverage.costToBeneficiary.exception BackboneElement
type 1 CodeableConcept
period ? Period
@DataRequirement Element
type 1 code =all-types
profile * canonical
subject[x] ? CodeableConcept,Reference(Group)
mustSupport * string
codeFilter * DataRequirement.codeFilter
dateFilter * DataRequirement.dateFilter
limit ? positiveInt
sort * DataRequirement.sort
@DataRequirement.codeFilter Element
path ? string
searchParam ? string
valueSet ? canonical
code * Coding
@DataRequirement.dateFilter Element
path ? string
searchParam ? string
value[x] ? dateTime,Period,Duration
@DataRequirement.sort Element
path 1 string
direction 1 code =sort-direction
@Device DomainResource
identifier * Identifier
definition ? Reference(DeviceDefinition)
udiCarrier * Device.udiCarrier
status ? code =device-status
statusReason * CodeableConcept
distinctIdentifier ? string
manufacturer ? string
manufactureDate ? dateTime
expirationDate ? dateTime
lotNumber ? string
serialNumber ? string
deviceName * Device.deviceName
modelNumber ? string
partNumber ? string
type ? CodeableConcept
specialization * Device.specialization
version * Device.version
property * Device.property
patient ? Reference(Patient)
owner ? Reference(Organization)
contact * ContactPoint
location ? Reference(Location)
url ? uri
note * Annotation
safety * CodeableConcept
parent ? Reference(Device)
@Device.deviceName BackboneElement
name 1 string
type 1 code =device-nametype
@Device.property BackboneElement
type 1 CodeableConcept
valueQuantity * Quantity
valueCode * CodeableConcept
@Device.specialization BackboneElement
systemType 1 CodeableConcept
version ? string
@Device.udiCarrier BackboneElement
deviceIdentifier ? string
issuer ? uri
jurisdiction ? uri
carrierAIDC ? base64Binary
carrierHRF ? string
entryType ? code =udi-entry-type
@Device.version BackboneElement
type ? CodeableConcept
component ? Identifier
value 1 string
@DiagnosticReport DomainResource
identifier * Identifier
basedOn * Reference(CarePlan|ImmunizationRecommendation|MedicationRequest|NutritionOrder|ServiceRequest)
status 1 code =diagnostic-report-status
category * CodeableConcept
code 1 CodeableConcept
subject ? Reference(Patient|Group|Device|Location)
encounter ? Reference(Encounter)
effective[x] ? dateTime,Period
issued ? instant
performer * Reference(Practitioner|PractitionerRole|Organization|CareTeam)
resultsInterpreter * Reference(Practitioner|PractitionerRole|Organization|CareTeam)
specimen * Reference(Specimen)
result * Reference(Observation)
imagingStudy * Reference(ImagingStudy)
media * DiagnosticReport.media
conclusion ? string
conclusionCode * CodeableConcept
presentedForm * Attachment
@DiagnosticReport.media BackboneElement
comment ? string
link 1 Reference(Media)
@Distance Quantity
@DocumentReference DomainResource
masterIdentifier ? Identifier
identifier * Identifier
status 1 code =document-reference-status
docStatus ? code =composition-status
type ? CodeableConcept
category * CodeableConcept
subject ? Reference(Patient|Practitioner|Group|Device)
date ? instant
author * Reference(Practitioner|PractitionerRole|Organization|Device|Patient|RelatedPerson)
authenticator ? Reference(Practitioner|PractitionerRole|Organization)
custodian ? Reference(Organization)
relatesTo * DocumentReference.relatesTo
description ? string
securityLabel * CodeableConcept
content + DocumentReference.content
context ? DocumentReference.context
@DocumentReference.content BackboneElement
attachment 1 Attachment
format ? Coding
@DocumentReference.context BackboneElement
encounter * Reference(Encounter|EpisodeOfCare)
event * CodeableConcept
period ? Period
facilityType ? CodeableConcept
practiceSetting ? CodeableConcept
sourcePatientInfo ? Reference(Patient)
related * Reference
@DocumentReference.relatesTo BackboneElement
code 1 code =document-relationship-type
target 1 Reference(DocumentReference)
@DomainResource Resource
text ? Narrative
contained * Resource
extension * Extension
modifierExtension * Extension
@Dosage BackboneElement
sequence ? integer
text ? string
additionalInstruction * CodeableConcept
patientInstruction ? string
timing ? Timing
asNeeded[x] ? boolean,CodeableConcept
site ? CodeableConcept
route ? CodeableConcept
method ? CodeableConcept
doseAndRate * Dosage.doseAndRate
maxDosePerPeriod ? Ratio
maxDosePerAdministration ? Quantity
maxDosePerLifetime ? Quantity
@Dosage.doseAndRate Element
type ? CodeableConcept
dose[x] ? Range,Quantity
rate[x] ? Ratio,Range,Quantity
@Duration Quantity
@Element 
id ? string
extension * Extension
@Encounter DomainResource
identifier * Identifier
status 1 code =encounter-status
statusHistory * Encounter.statusHistory
class 1 Coding
classHistory * Encounter.classHistory
type * CodeableConcept
serviceType ? CodeableConcept
priority ? CodeableConcept
subject ? Reference(Patient|Group)
episodeOfCare * Reference(EpisodeOfCare)
basedOn * Reference(ServiceRequest)
participant * Encounter.participant
appointment * Reference(Appointment)
period ? Period
length ? Duration
reasonCode * CodeableConcept
reasonReference * Reference(Condition|Procedure|Observation|ImmunizationRecommendation)
diagnosis * Encounter.diagnosis
account * Reference(Account)
hospitalization ? Encounter.hospitalization
location * Encounter.location
serviceProvider ? Reference(Organization)
partOf ? Reference(Encounter)
@Encounter.classHistory BackboneElement
class 1 Coding
period 1 Period
@Encounter.diagnosis BackboneElement
condition 1 Reference(Condition|Procedure)
use ? CodeableConcept
rank ? positiveInt
@Encounter.hospitalization BackboneElement
preAdmissionIdentifier ? Identifier
origin ? Reference(Location|Organization)
admitSource ? CodeableConcept
reAdmission ? CodeableConcept
dietPreference * CodeableConcept
specialCourtesy * CodeableConcept
specialArrangement * CodeableConcept
destination ? Reference(Location|Organization)
dischargeDisposition ? CodeableConcept
@Encounter.location BackboneElement
location 1 Reference(Location)
status ? code =encounter-location-status
physicalType ? CodeableConcept
period ? Period
@Encounter.participant BackboneElement
type * CodeableConcept
period ? Period
individual ? Reference(Practitioner|PractitionerRole|RelatedPerson)
@Encounter.statusHistory BackboneElement
status 1 code =encounter-status
period 1 Period
@Expression Element
description ? string
name ? id
language 1 code
expression ? string
reference ? uri
@Extension Element
url 1 string
value[x] ? base64Binary,boolean,canonical,code,date,dateTime,decimal,id,instant,integer,markdown,oid,positiveInt,string,time,unsignedInt,uri,url,uuid,Address,Age,Annotation,Attachment,CodeableConcept,Coding,ContactPoint,Count,Distance,Duration,HumanName,Identifier,Money,Period,Quantity,Range,Ratio,Reference,SampledData,Signature,Timing,ContactDetail,Contributor,DataRequirement,Expression,ParameterDefinition,RelatedArtifact,TriggerDefinition,UsageContext,Dosage,Meta
@Goal DomainResource
identifier * Identifier
lifecycleStatus 1 code =goal-status
achievementStatus ? CodeableConcept
category * CodeableConcept
priority ? CodeableConcept
description 1 CodeableConcept
subject 1 Reference(Patient|Group|Organization)
start[x] ? date,CodeableConcept
target * Goal.target
statusDate ? date
statusReason ? string
expressedBy ? Reference(Patient|Practitioner|PractitionerRole|RelatedPerson)
addresses * Reference(Condition|Observation|MedicationStatement|NutritionOrder|ServiceRequest|RiskAssessment)
note * Annotation
outcomeCode * CodeableConcept
outcomeReference * Reference(Observation)
@Goal.target BackboneElement
measure ? CodeableConcept
detail[x] ? Quantity,Range,CodeableConcept,string,boolean,integer,Ratio
due[x] ? date,Duration
@Group DomainResource
identifier * Identifier
active ? boolean
type 1 code =group-type
actual 1 boolean
code ? CodeableConcept
name ? string
quantity ? unsignedInt
managingEntity ? Reference(Organization|RelatedPerson|Practitioner|PractitionerRole)
characteristic * Group.characteristic
member * Group.member
@Group.characteristic BackboneElement
code 1 CodeableConcept
value[x] 1 CodeableConcept,boolean,Quantity,Range,Reference
exclude 1 boolean
period ? Period
@Group.member BackboneElement
entity 1 Reference(Patient|Practitioner|PractitionerRole|Device|Medication|Substance|Group)
period ? Period
inactive ? boolean
@HumanName Element
use ? code =name-use
text ? string
family ? string
given * string
prefix * string
suffix * string
period ? Period
@Identifier Element
use ? code =identifier-use
type ? CodeableConcept
system ? uri
value ? string
period ? Period
assigner ? Reference(Organization)
@Immunization DomainResource
identifier * Identifier
status 1 code =immunization-status
statusReason ? CodeableConcept
vaccineCode 1 CodeableConcept
patient 1 Reference(Patient)
encounter ? Reference(Encounter)
occurrence[x] 1 dateTime,string
recorded ? dateTime
primarySource ? boolean
reportOrigin ? CodeableConcept
location ? Reference(Location)
manufacturer ? Reference(Organization)
lotNumber ? string
expirationDate ? date
site ? CodeableConcept
route ? CodeableConcept
doseQuantity ? Quantity
performer * Immunization.performer
note * Annotation
reasonCode * CodeableConcept
reasonReference * Reference(Condition|Observation|DiagnosticReport)
isSubpotent ? boolean
subpotentReason * CodeableConcept
education * Immunization.education
programEligibility * CodeableConcept
fundingSource ? CodeableConcept
reaction * Immunization.reaction
protocolApplied * Immunization.protocolApplied
@Immunization.education BackboneElement
documentType ? string
reference ? uri
publicationDate ? dateTime
presentationDate ? dateTime
@Immunization.performer BackboneElement
function ? CodeableConcept
actor 1 Reference(Practitioner|PractitionerRole|Organization)
@Immunization.protocolApplied BackboneElement
series ? string
authority ? Reference(Organization)
targetDisease * CodeableConcept
doseNumber[x] 1 positiveInt,string
seriesDoses[x] ? positiveInt,string
@Immunization.reaction BackboneElement
date ? dateTime
detail ? Reference(Observation)
reported ? boolean
@List DomainResource
identifier * Identifier
status 1 code =list-status
mode 1 code =list-mode
title ? string
code ? CodeableConcept
subject ? Reference(Patient|Group|Device|Location)
encounter ? Reference(Encounter)
date ? dateTime
source ? Reference(Practitioner|PractitionerRole|Patient|Device)
orderedBy ? CodeableConcept
note * Annotation
entry * List.entry
emptyReason ? CodeableConcept
@List.entry BackboneElement
flag ? CodeableConcept
deleted ? boolean
date ? dateTime
item 1 Reference
@Location DomainResource
identifier * Identifier
status ? code =location-status
operationalStatus ? Coding
name ? string
alias * string
description ? string
mode ? code =location-mode
type * CodeableConcept
telecom * ContactPoint
address ? Address
physicalType ? CodeableConcept
position ? Location.position
managingOrganization ? Reference(Organization)
partOf ? Reference(Location)
hoursOfOperation * Location.hoursOfOperation
availabilityExceptions ? string
endpoint * Reference(Endpoint)
@Location.hoursOfOperation BackboneElement
daysOfWeek * code =days-of-week
allDay ? boolean
openingTime ? time
closingTime ? time
@Location.position BackboneElement
longitude 1 decimal
latitude 1 decimal
altitude ? decimal
@Medication DomainResource
identifier * Identifier
code ? CodeableConcept
status ? code =medication-status
manufacturer ? Reference(Organization)
form ? CodeableConcept
amount ? Ratio
ingredient * Medication.ingredient
batch ? Medication.batch
@Medication.batch BackboneElement
lotNumber ? string
expirationDate ? dateTime
@Medication.ingredient BackboneElement
item[x] 1 CodeableConcept,Reference(Substance|Medication)
isActive ? boolean
strength ? Ratio
@MedicationRequest DomainResource
identifier * Identifier
status 1 code =medicationrequest-status
statusReason ? CodeableConcept
intent 1 code =medicationrequest-intent
category * CodeableConcept
priority ? code =request-priority
doNotPerform ? boolean
reported[x] ? boolean,Reference(Patient|Practitioner|PractitionerRole|RelatedPerson|Organization)
medication[x] 1 CodeableConcept,Reference(Medication)
subject 1 Reference(Patient|Group)
encounter ? Reference(Encounter)
supportingInformation * Reference
authoredOn ? dateTime
requester ? Reference(Practitioner|PractitionerRole|Organization|Patient|RelatedPerson|Device)
performer ? Reference(Practitioner|PractitionerRole|Organization|Patient|Device|RelatedPerson|CareTeam)
performerType ? CodeableConcept
recorder ? Reference(Practitioner|PractitionerRole)
reasonCode * CodeableConcept
reasonReference * Reference(Condition|Observation)
instantiatesCanonical * canonical
instantiatesUri * uri
basedOn * Reference(CarePlan|MedicationRequest|ServiceRequest|ImmunizationRecommendation)
groupIdentifier ? Identifier
courseOfTherapyType ? CodeableConcept
insurance * Reference(Coverage|ClaimResponse)
note * Annotation
dosageInstruction * Dosage
dispenseRequest ? MedicationRequest.dispenseRequest
substitution ? MedicationRequest.substitution
priorPrescription ? Reference(MedicationRequest)
detectedIssue * Reference(DetectedIssue)
eventHistory * Reference(Provenance)
@MedicationRequest.dispenseRequest BackboneElement
initialFill ? MedicationRequest.dispenseRequest.initialFill
dispenseInterval ? Duration
validityPeriod ? Period
numberOfRepeatsAllowed ? unsignedInt
quantity ? Quantity
expectedSupplyDuration ? Duration
performer ? Reference(Organization)
@MedicationRequest.dispenseRequest.initialFill BackboneElement
quantity ? Quantity
duration ? Duration
@MedicationRequest.substitution BackboneElement
allowed[x] 1 boolean,CodeableConcept
reason ? CodeableConcept
@MedicationStatement DomainResource
identifier * Identifier
basedOn * Reference(MedicationRequest|CarePlan|ServiceRequest)
partOf * Reference(MedicationAdministration|MedicationDispense|MedicationStatement|Procedure|Observation)
status 1 code =medication-statement-status
statusReason * CodeableConcept
category ? CodeableConcept
medication[x] 1 CodeableConcept,Reference(Medication)
subject 1 Reference(Patient|Group)
context ? Reference(Encounter|EpisodeOfCare)
effective[x] ? dateTime,Period
dateAsserted ? dateTime
informationSource ? Reference(Patient|Practitioner|PractitionerRole|RelatedPerson|Organization)
derivedFrom * Reference
reasonCode * CodeableConcept
reasonReference * Reference(Condition|Observation|DiagnosticReport)
note * Annotation
dosage * Dosage
@Meta Element
versionId ? id
lastUpdated ? instant
source ? uri
profile * canonical
security * Coding
tag * Coding
project ? uri
author ? Reference
onBehalfOf ? Reference
account ? Reference
accounts * Reference
compartment * Reference
deleted ? boolean
@Money Element
value ? decimal
currency ? code
@Narrative Element
status 1 code =narrative-status
div 1 xhtml
@Observation DomainResource
identifier * Identifier
basedOn * Reference(CarePlan|DeviceRequest|ImmunizationRecommendation|MedicationRequest|NutritionOrder|ServiceRequest)
partOf * Reference(MedicationAdministration|MedicationDispense|MedicationStatement|Procedure|Immunization|ImagingStudy)
status 1 code =observation-status
category * CodeableConcept
code 1 CodeableConcept
subject ? Reference(Patient|Group|Device|Location)
focus * Reference
encounter ? Reference(Encounter)
effective[x] ? dateTime,Period,Timing,instant
issued ? instant
performer * Reference(Practitioner|PractitionerRole|Organization|CareTeam|Patient|RelatedPerson)
value[x] ? Quantity,CodeableConcept,string,boolean,integer,Range,Ratio,SampledData,time,dateTime,Period
dataAbsentReason ? CodeableConcept
interpretation * CodeableConcept
note * Annotation
bodySite ? CodeableConcept
method ? CodeableConcept
specimen ? Reference(Specimen)
device ? Reference(Device|DeviceMetric)
referenceRange * Observation.referenceRange
hasMember * Reference(Observation|QuestionnaireResponse|MolecularSequence)
derivedFrom * Reference(DocumentReference|ImagingStudy|Media|QuestionnaireResponse|Observation|MolecularSequence)
component * Observation.component
@Observation.component BackboneElement
code 1 CodeableConcept
value[x] ? Quantity,CodeableConcept,string,boolean,integer,Range,Ratio,SampledData,time,dateTime,Period
dataAbsentReason ? CodeableConcept
interpretation * CodeableConcept
referenceRange * Observation.referenceRange
@Observation.referenceRange BackboneElement
low ? Quantity
high ? Quantity
type ? CodeableConcept
appliesTo * CodeableConcept
age ? Range
text ? string
@OperationOutcome DomainResource
issue + OperationOutcome.issue
@OperationOutcome.issue BackboneElement
severity 1 code =issue-severity
code 1 code =issue-type
details ? CodeableConcept
diagnostics ? string
location * string
expression * string
@Organization DomainResource
identifier * Identifier
active ? boolean
type * CodeableConcept
name ? string
alias * string
telecom * ContactPoint
address * Address
partOf ? Reference(Organization)
contact * Organization.contact
endpoint * Reference(Endpoint)
@Organization.contact BackboneElement
purpose ? CodeableConcept
name ? HumanName
telecom * ContactPoint
address ? Address
@ParameterDefinition Element
name ? code
use 1 code =operation-parameter-use
min ? integer
max ? string
documentation ? string
type 1 code =all-types
profile ? canonical
@Parameters Resource
parameter * Parameters.parameter
@Parameters.parameter BackboneElement
name 1 string
value[x] ? base64Binary,boolean,canonical,code,date,dateTime,decimal,id,instant,integer,markdown,oid,positiveInt,string,time,unsignedInt,uri,url,uuid,Address,Age,Annotation,Attachment,CodeableConcept,Coding,ContactPoint,Count,Distance,Duration,HumanName,Identifier,Money,Period,Quantity,Range,Ratio,Reference,SampledData,Signature,Timing,ContactDetail,Contributor,DataRequirement,Expression,ParameterDefinition,RelatedArtifact,TriggerDefinition,UsageContext,Dosage,Meta
resource ? Resource
part * Parameters.parameter
@Patient DomainResource
identifier * Identifier
active ? boolean
name * HumanName
telecom * ContactPoint
gender ? code =administrative-gender
birthDate ? date
deceased[x] ? boolean,dateTime
address * Address
maritalStatus ? CodeableConcept
multipleBirth[x] ? boolean,integer
photo * Attachment
contact * Patient.contact
communication * Patient.communication
generalPractitioner * Reference(Organization|Practitioner|PractitionerRole)
managingOrganization ? Reference(Organization)
link * Patient.link
@Patient.communication BackboneElement
language 1 CodeableConcept
preferred ? boolean
@Patient.contact BackboneElement
relationship * CodeableConcept
name ? HumanName
telecom * ContactPoint
address ? Address
gender ? code =administrative-gender
organization ? Reference(Organization)
period ? Period
@Patient.link BackboneElement
other 1 Reference(Patient|RelatedPerson)
type 1 code =link-type
@Period Element
start ? dateTime
end ? dateTime
@Practitioner DomainResource
identifier * Identifier
active ? boolean
name * HumanName
telecom * ContactPoint
address * Address
gender ? code =administrative-gender
birthDate ? date
photo * Attachment
qualification * Practitioner.qualification
communication * CodeableConcept
@Practitioner.qualification BackboneElement
identifier * Identifier
code 1 CodeableConcept
period ? Period
issuer ? Reference(Organization)
@PractitionerRole DomainResource
identifier * Identifier
active ? boolean
period ? Period
practitioner ? Reference(Practitioner)
organization ? Reference(Organization)
code * CodeableConcept
specialty * CodeableConcept
location * Reference(Location)
healthcareService * Reference(HealthcareService)
telecom * ContactPoint
availableTime * PractitionerRole.availableTime
notAvailable * PractitionerRole.notAvailable
availabilityExceptions ? string
endpoint * Reference(Endpoint)
@PractitionerRole.availableTime BackboneElement
daysOfWeek * code =days-of-week
allDay ? boolean
availableStartTime ? time
availableEndTime ? time
@PractitionerRole.notAvailable BackboneElement
description 1 string
during ? Period
@Procedure DomainResource
identifier * Identifier
instantiatesCanonical * canonical
instantiatesUri * uri
basedOn * Reference(CarePlan|ServiceRequest)
partOf * Reference(Procedure|Observation|MedicationAdministration)
status 1 code =event-status
statusReason ? CodeableConcept
category ? CodeableConcept
code ? CodeableConcept
subject 1 Reference(Patient|Group)
encounter ? Reference(Encounter)
performed[x] ? dateTime,Period,string,Age,Range
recorder ? Reference(Patient|RelatedPerson|Practitioner|PractitionerRole)
asserter ? Reference(Patient|RelatedPerson|Practitioner|PractitionerRole)
performer * Procedure.performer
location ? Reference(Location)
reasonCode * CodeableConcept
reasonReference * Reference(Condition|Observation|Procedure|DiagnosticReport|DocumentReference)
bodySite * CodeableConcept
outcome ? CodeableConcept
report * Reference(DiagnosticReport|DocumentReference|Composition)
complication * CodeableConcept
complicationDetail * Reference(Condition)
followUp * CodeableConcept
note * Annotation
focalDevice * Procedure.focalDevice
usedReference * Reference(Device|Medication|Substance)
usedCode * CodeableConcept
@Procedure.focalDevice BackboneElement
action ? CodeableConcept
manipulated 1 Reference(Device)
@Procedure.performer BackboneElement
function ? CodeableConcept
actor 1 Reference(Practitioner|PractitionerRole|Organization|Patient|RelatedPerson|Device)
onBehalfOf ? Reference(Organization)
@Provenance DomainResource
target + Reference
occurred[x] ? Period,dateTime
recorded 1 instant
policy * uri
location ? Reference(Location)
reason * CodeableConcept
activity ? CodeableConcept
agent + Provenance.agent
entity * Provenance.entity
signature * Signature
@Provenance.agent BackboneElement
type ? CodeableConcept
role * CodeableConcept
who 1 Reference(Practitioner|PractitionerRole|RelatedPerson|Patient|Device|Organization)
onBehalfOf ? Reference(Practitioner|PractitionerRole|RelatedPerson|Patient|Device|Organization)
@Provenance.entity BackboneElement
role 1 code =provenance-entity-role
what 1 Reference
agent * Provenance.agent
@Quantity Element
value ? decimal
comparator ? code =quantity-comparator
unit ? string
system ? uri
code ? code
@Questionnaire DomainResource
url ? uri
identifier * Identifier
version ? string
name ? string
title ? string
derivedFrom * canonical
status 1 code =publication-status
experimental ? boolean
subjectType * code =resource-types
date ? dateTime
publisher ? string
contact * ContactDetail
description ? markdown
useContext * UsageContext
jurisdiction * CodeableConcept
purpose ? markdown
copyright ? markdown
approvalDate ? date
lastReviewDate ? date
effectivePeriod ? Period
code * Coding
item * Questionnaire.item
@Questionnaire.item BackboneElement
linkId 1 string
definition ? uri
code * Coding
prefix ? string
text ? string
type 1 code =item-type
enableWhen * Questionnaire.item.enableWhen
enableBehavior ? code =questionnaire-enable-behavior
required ? boolean
repeats ? boolean
readOnly ? boolean
maxLength ? integer
answerValueSet ? canonical
answerOption * Questionnaire.item.answerOption
initial * Questionnaire.item.initial
item * Questionnaire.item
@Questionnaire.item.answerOption BackboneElement
value[x] 1 integer,date,time,string,Coding,Reference
initialSelected ? boolean
@Questionnaire.item.enableWhen BackboneElement
question 1 string
operator 1 code =questionnaire-enable-operator
answer[x] 1 boolean,decimal,integer,date,dateTime,time,string,Coding,Quantity,Reference
@Questionnaire.item.initial BackboneElement
value[x] 1 boolean,decimal,integer,date,dateTime,time,string,uri,Attachment,Coding,Quantity,Reference
@QuestionnaireResponse DomainResource
identifier ? Identifier
basedOn * Reference(CarePlan|ServiceRequest)
partOf * Reference(Observation|Procedure)
questionnaire ? canonical
status 1 code =questionnaire-answers-status
subject ? Reference
encounter ? Reference(Encounter)
authored ? dateTime
author ? Reference(Device|Practitioner|PractitionerRole|Patient|RelatedPerson|Organization)
source ? Reference(Patient|Practitioner|PractitionerRole|RelatedPerson)
item * QuestionnaireResponse.item
@QuestionnaireResponse.item BackboneElement
linkId 1 string
definition ? uri
text ? string
answer * QuestionnaireResponse.item.answer
item * QuestionnaireResponse.item
@QuestionnaireResponse.item.answer BackboneElement
value[x] ? boolean,decimal,integer,date,dateTime,time,string,uri,Attachment,Coding,Quantity,Reference
item * QuestionnaireResponse.item
@Range Element
low ? Quantity
high ? Quantity
@Ratio Element
numerator ? Quantity
denominator ? Quantity
@Reference Element
reference ? string
type ? uri
identifier ? Identifier
display ? string
@RelatedArtifact Element
type 1 code =related-artifact-type
label ? string
display ? string
citation ? markdown
url ? url
document ? Attachment
resource ? canonical
@RelatedPerson DomainResource
identifier * Identifier
active ? boolean
patient 1 Reference(Patient)
relationship * CodeableConcept
name * HumanName
telecom * ContactPoint
gender ? code =administrative-gender
birthDate ? date
address * Address
photo * Attachment
period ? Period
communication * RelatedPerson.communication
@RelatedPerson.communication BackboneElement
language 1 CodeableConcept
preferred ? boolean
@Resource 
id ? id
meta ? Meta
implicitRules ? uri
language ? code
@SampledData Element
origin 1 Quantity
period 1 decimal
factor ? decimal
lowerLimit ? decimal
upperLimit ? decimal
dimensions 1 positiveInt
data ? string
@ServiceRequest DomainResource
identifier * Identifier
instantiatesCanonical * canonical
instantiatesUri * uri
basedOn * Reference(CarePlan|ServiceRequest|MedicationRequest)
replaces * Reference(ServiceRequest)
requisition ? Identifier
status 1 code =request-status
intent 1 code =request-intent
category * CodeableConcept
priority ? code =request-priority
doNotPerform ? boolean
code ? CodeableConcept
orderDetail * CodeableConcept
quantity[x] ? Quantity,Ratio,Range
subject 1 Reference(Patient|Group|Location|Device)
encounter ? Reference(Encounter)
occurrence[x] ? dateTime,Period,Timing
asNeeded[x] ? boolean,CodeableConcept
authoredOn ? dateTime
requester ? Reference(Practitioner|PractitionerRole|Organization|Patient|RelatedPerson|Device)
performerType ? CodeableConcept
performer * Reference(Practitioner|PractitionerRole|Organization|CareTeam|HealthcareService|Patient|Device|RelatedPerson)
locationCode * CodeableConcept
locationReference * Reference(Location)
reasonCode * CodeableConcept
reasonReference * Reference(Condition|Observation|DiagnosticReport|DocumentReference)
insurance * Reference(Coverage|ClaimResponse)
supportingInfo * Reference
specimen * Reference(Specimen)
bodySite * CodeableConcept
note * Annotation
patientInstruction ? string
relevantHistory * Reference(Provenance)
@Signature Element
type + Coding
when 1 instant
who 1 Reference(Practitioner|PractitionerRole|RelatedPerson|Patient|Device|Organization)
onBehalfOf ? Reference(Practitioner|PractitionerRole|RelatedPerson|Patient|Device|Organization)
targetFormat ? code
sigFormat ? code
data ? base64Binary
@Specimen DomainResource
identifier * Identifier
accessionIdentifier ? Identifier
status ? code =specimen-status
type ? CodeableConcept
subject ? Reference(Patient|Group|Device|Substance|Location)
receivedTime ? dateTime
parent * Reference(Specimen)
request * Reference(ServiceRequest)
collection ? Specimen.collection
processing * Specimen.processing
container * Specimen.container
condition * CodeableConcept
note * Annotation
@Specimen.collection BackboneElement
collector ? Reference(Practitioner|PractitionerRole)
collected[x] ? dateTime,Period
duration ? Duration
quantity ? Quantity
method ? CodeableConcept
bodySite ? CodeableConcept
fastingStatus[x] ? CodeableConcept,Duration
@Specimen.container BackboneElement
identifier * Identifier
description ? string
type ? CodeableConcept
capacity ? Quantity
specimenQuantity ? Quantity
additive[x] ? CodeableConcept,Reference(Substance)
@Specimen.processing BackboneElement
description ? string
procedure ? CodeableConcept
additive * Reference(Substance)
time[x] ? dateTime,Period
@Subscription DomainResource
status 1 code =subscription-status
contact * ContactPoint
end ? instant
reason 1 string
criteria 1 string
error ? string
channel 1 Subscription.channel
@Subscription.channel BackboneElement
type 1 code =subscription-channel-type
endpoint ? url
payload ? code
header * string
@Task DomainResource
identifier * Identifier
instantiatesCanonical ? canonical
instantiatesUri ? uri
basedOn * Reference
groupIdentifier ? Identifier
partOf * Reference(Task)
status 1 code =task-status
statusReason ? CodeableConcept
businessStatus ? CodeableConcept
intent 1 code =task-intent
priority ? code =request-priority
code ? CodeableConcept
description ? string
focus ? Reference
for ? Reference
encounter ? Reference(Encounter)
executionPeriod ? Period
authoredOn ? dateTime
lastModified ? dateTime
requester ? Reference(Device|Organization|Patient|Practitioner|PractitionerRole|RelatedPerson)
performerType * CodeableConcept
owner ? Reference(Practitioner|PractitionerRole|Organization|CareTeam|HealthcareService|Patient|Device|RelatedPerson)
location ? Reference(Location)
reasonCode ? CodeableConcept
reasonReference ? Reference
insurance * Reference(Coverage|ClaimResponse)
note * Annotation
relevantHistory * Reference(Provenance)
restriction ? Task.restriction
input * Task.input
output * Task.output
@Task.input BackboneElement
type 1 CodeableConcept
value[x] 1 base64Binary,boolean,canonical,code,date,dateTime,decimal,id,instant,integer,markdown,oid,positiveInt,string,time,unsignedInt,uri,url,uuid,Address,Age,Annotation,Attachment,CodeableConcept,Coding,ContactPoint,Count,Distance,Duration,HumanName,Identifier,Money,Period,Quantity,Range,Ratio,Reference,SampledData,Signature,Timing,ContactDetail,Contributor,DataRequirement,Expression,ParameterDefinition,RelatedArtifact,TriggerDefinition,UsageContext,Dosage,Meta
@Task.output BackboneElement
type 1 CodeableConcept
value[x] 1 base64Binary,boolean,canonical,code,date,dateTime,decimal,id,instant,integer,markdown,oid,positiveInt,string,time,unsignedInt,uri,url,uuid,Address,Age,Annotation,Attachment,CodeableConcept,Coding,ContactPoint,Count,Distance,Duration,HumanName,Identifier,Money,Period,Quantity,Range,Ratio,Reference,SampledData,Signature,Timing,ContactDetail,Contributor,DataRequirement,Expression,ParameterDefinition,RelatedArtifact,TriggerDefinition,UsageContext,Dosage,Meta
@Task.restriction BackboneElement
repetitions ? positiveInt
period ? Period
recipient * Reference(Patient|Practitioner|PractitionerRole|RelatedPerson|Group|Organization)
@Timing BackboneElement
event * dateTime
repeat ? Timing.repeat
code ? CodeableConcept
@Timing.repeat Element
bounds[x] ? Duration,Range,Period
count ? positiveInt
countMax ? positiveInt
duration ? decimal
durationMax ? decimal
durationUnit ? code =units-of-time
frequency ? positiveInt
frequencyMax ? positiveInt
period ? decimal
periodMax ? decimal
periodUnit ? code =units-of-time
dayOfWeek * code =days-of-week
timeOfDay * time
when * code =event-timing
offset ? unsignedInt
@TriggerDefinition Element
type 1 code =trigger-type
name ? string
timing[x] ? Timing,Reference(Schedule),date,dateTime
data * DataRequirement
condition ? Expression
@UsageContext Element
code 1 Coding
value[x] 1 CodeableConcept,Quantity,Range,Reference(PlanDefinition|ResearchStudy|InsurancePlan|HealthcareService|Group|Location|Organization)`;

/** `@set`, then a line a code system: its address and its codes. */
export const CODES = `
@address-type
http://hl7.org/fhir/address-type postal physical both
@address-use
http://hl7.org/fhir/address-use home work temp old billing
@administrative-gender
http://hl7.org/fhir/administrative-gender male female other unknown
@all-types
http://hl7.org/fhir/data-types Address Age Annotation Attachment BackboneElement CodeableConcept Coding ContactDetail ContactPoint Contributor Count DataRequirement Distance Dosage Duration Element ElementDefinition Expression Extension HumanName Identifier MarketingStatus Meta Money MoneyQuantity Narrative ParameterDefinition Period Population ProdCharacteristic ProductShelfLife Quantity Range Ratio Reference RelatedArtifact SampledData Signature SimpleQuantity SubstanceAmount Timing TriggerDefinition UsageContext base64Binary boolean canonical code date dateTime decimal id instant integer markdown oid positiveInt string time unsignedInt uri url uuid xhtml
http://hl7.org/fhir/resource-types Account ActivityDefinition AdverseEvent AllergyIntolerance Appointment AppointmentResponse AuditEvent Basic Binary BiologicallyDerivedProduct BodyStructure Bundle CapabilityStatement CarePlan CareTeam CatalogEntry ChargeItem ChargeItemDefinition Claim ClaimResponse ClinicalImpression CodeSystem Communication CommunicationRequest CompartmentDefinition Composition ConceptMap Condition Consent Contract Coverage CoverageEligibilityRequest CoverageEligibilityResponse DetectedIssue Device DeviceDefinition DeviceMetric DeviceRequest DeviceUseStatement DiagnosticReport DocumentManifest DocumentReference DomainResource EffectEvidenceSynthesis Encounter Endpoint EnrollmentRequest EnrollmentResponse EpisodeOfCare EventDefinition Evidence EvidenceVariable ExampleScenario ExplanationOfBenefit FamilyMemberHistory Flag Goal GraphDefinition Group GuidanceResponse HealthcareService ImagingStudy Immunization ImmunizationEvaluation ImmunizationRecommendation ImplementationGuide InsurancePlan Invoice Library Linkage List Location Measure MeasureReport Media Medication MedicationAdministration MedicationDispense MedicationKnowledge MedicationRequest MedicationStatement MedicinalProduct MedicinalProductAuthorization MedicinalProductContraindication MedicinalProductIndication MedicinalProductIngredient MedicinalProductInteraction MedicinalProductManufactured MedicinalProductPackaged MedicinalProductPharmaceutical MedicinalProductUndesirableEffect MessageDefinition MessageHeader MolecularSequence NamingSystem NutritionOrder Observation ObservationDefinition OperationDefinition OperationOutcome Organization OrganizationAffiliation Parameters Patient PaymentNotice PaymentReconciliation Person PlanDefinition Practitioner PractitionerRole Procedure Provenance Questionnaire QuestionnaireResponse RelatedPerson RequestGroup ResearchDefinition ResearchElementDefinition ResearchStudy ResearchSubject Resource RiskAssessment RiskEvidenceSynthesis Schedule SearchParameter ServiceRequest Slot Specimen SpecimenDefinition StructureDefinition StructureMap Subscription Substance SubstanceNucleicAcid SubstancePolymer SubstanceProtein SubstanceReferenceInformation SubstanceSourceMaterial SubstanceSpecification SupplyDelivery SupplyRequest Task TerminologyCapabilities TestReport TestScript ValueSet VerificationResult VisionPrescription
http://hl7.org/fhir/abstract-types Type Any
@allergy-intolerance-category
http://hl7.org/fhir/allergy-intolerance-category food medication environment biologic
@allergy-intolerance-criticality
http://hl7.org/fhir/allergy-intolerance-criticality low high unable-to-assess
@allergy-intolerance-type
http://hl7.org/fhir/allergy-intolerance-type allergy intolerance
@allergyintolerance-clinical
http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical active inactive resolved
@allergyintolerance-verification
http://terminology.hl7.org/CodeSystem/allergyintolerance-verification unconfirmed confirmed refuted entered-in-error
@audit-event-action
http://hl7.org/fhir/audit-event-action C R U D E
@audit-event-outcome
http://hl7.org/fhir/audit-event-outcome 0 4 8 12
@bundle-type
http://hl7.org/fhir/bundle-type document message transaction transaction-response batch batch-response history searchset collection
@care-plan-activity-kind
http://hl7.org/fhir/resource-types Appointment CommunicationRequest DeviceRequest MedicationRequest NutritionOrder Task ServiceRequest VisionPrescription
@care-plan-activity-status
http://hl7.org/fhir/care-plan-activity-status not-started scheduled in-progress on-hold completed cancelled stopped unknown entered-in-error
@care-plan-intent
http://hl7.org/fhir/request-intent proposal plan order option
@care-team-status
http://hl7.org/fhir/care-team-status proposed active suspended inactive entered-in-error
@composition-attestation-mode
http://hl7.org/fhir/composition-attestation-mode personal professional legal official
@composition-status
http://hl7.org/fhir/composition-status preliminary final amended entered-in-error
@condition-clinical
http://terminology.hl7.org/CodeSystem/condition-clinical active recurrence relapse inactive remission resolved
@condition-ver-status
http://terminology.hl7.org/CodeSystem/condition-ver-status unconfirmed provisional differential confirmed refuted entered-in-error
@consent-data-meaning
http://hl7.org/fhir/consent-data-meaning instance related dependents authoredby
@consent-provision-type
http://hl7.org/fhir/consent-provision-type deny permit
@consent-state-codes
http://hl7.org/fhir/consent-state-codes draft proposed active rejected inactive entered-in-error
@contact-point-system
http://hl7.org/fhir/contact-point-system phone fax email pager url sms other
@contact-point-use
http://hl7.org/fhir/contact-point-use home work temp old mobile
@contributor-type
http://hl7.org/fhir/contributor-type author editor reviewer endorser
@days-of-week
http://hl7.org/fhir/days-of-week mon tue wed thu fri sat sun
@device-nametype
http://hl7.org/fhir/device-nametype udi-label-name user-friendly-name patient-reported-name manufacturer-name model-name other
@device-status
http://hl7.org/fhir/device-status active inactive entered-in-error unknown
@diagnostic-report-status
http://hl7.org/fhir/diagnostic-report-status registered partial preliminary final amended corrected appended cancelled entered-in-error unknown
@document-reference-status
http://hl7.org/fhir/document-reference-status current superseded entered-in-error
@document-relationship-type
http://hl7.org/fhir/document-relationship-type replaces transforms signs appends
@encounter-location-status
http://hl7.org/fhir/encounter-location-status planned active reserved completed
@encounter-status
http://hl7.org/fhir/encounter-status planned arrived triaged in-progress onleave finished cancelled entered-in-error unknown
@event-status
http://hl7.org/fhir/event-status preparation in-progress not-done on-hold stopped completed entered-in-error unknown
@event-timing
http://hl7.org/fhir/event-timing MORN MORN.early MORN.late NOON AFT AFT.early AFT.late EVE EVE.early EVE.late NIGHT PHS
http://terminology.hl7.org/CodeSystem/v3-TimingEvent HS WAKE C CM CD CV AC ACM ACD ACV PC PCM PCD PCV
@fm-status
http://hl7.org/fhir/fm-status active cancelled draft entered-in-error
@goal-status
http://hl7.org/fhir/goal-status proposed planned accepted active on-hold completed cancelled entered-in-error rejected
@group-type
http://hl7.org/fhir/group-type person animal practitioner device medication substance
@http-verb
http://hl7.org/fhir/http-verb GET HEAD POST PUT DELETE PATCH
@identifier-use
http://hl7.org/fhir/identifier-use usual official temp secondary old
@immunization-status
http://hl7.org/fhir/event-status completed entered-in-error not-done
@issue-severity
http://hl7.org/fhir/issue-severity fatal error warning information
@issue-type
http://hl7.org/fhir/issue-type invalid structure required value invariant security login unknown expired forbidden suppressed processing not-supported duplicate multiple-matches not-found deleted too-long code-invalid extension too-costly business-rule conflict transient lock-error no-store exception timeout incomplete throttled informational
@item-type
http://hl7.org/fhir/item-type group display question boolean decimal integer date dateTime time string text url choice open-choice attachment reference quantity
@link-type
http://hl7.org/fhir/link-type replaced-by replaces refer seealso
@list-mode
http://hl7.org/fhir/list-mode working snapshot changes
@list-status
http://hl7.org/fhir/list-status current retired entered-in-error
@location-mode
http://hl7.org/fhir/location-mode instance kind
@location-status
http://hl7.org/fhir/location-status active suspended inactive
@medication-statement-status
http://hl7.org/fhir/CodeSystem/medication-statement-status active completed entered-in-error intended stopped on-hold unknown not-taken
@medication-status
http://hl7.org/fhir/CodeSystem/medication-status active inactive entered-in-error
@medicationrequest-intent
http://hl7.org/fhir/CodeSystem/medicationrequest-intent proposal plan order original-order reflex-order filler-order instance-order option
@medicationrequest-status
http://hl7.org/fhir/CodeSystem/medicationrequest-status active on-hold cancelled completed entered-in-error stopped draft unknown
@name-use
http://hl7.org/fhir/name-use usual official temp nickname anonymous old maiden
@narrative-status
http://hl7.org/fhir/narrative-status generated extensions additional empty
@network-type
http://hl7.org/fhir/network-type 1 2 3 4 5
@observation-status
http://hl7.org/fhir/observation-status registered preliminary final amended corrected cancelled entered-in-error unknown
@operation-parameter-use
http://hl7.org/fhir/operation-parameter-use in out
@provenance-entity-role
http://hl7.org/fhir/provenance-entity-role derivation revision quotation source removal
@publication-status
http://hl7.org/fhir/publication-status draft active retired unknown
@quantity-comparator
http://hl7.org/fhir/quantity-comparator < <= >= >
@questionnaire-answers-status
http://hl7.org/fhir/questionnaire-answers-status in-progress completed amended entered-in-error stopped
@questionnaire-enable-behavior
http://hl7.org/fhir/questionnaire-enable-behavior all any
@questionnaire-enable-operator
http://hl7.org/fhir/questionnaire-enable-operator exists = != > < >= <=
@reaction-event-severity
http://hl7.org/fhir/reaction-event-severity mild moderate severe
@related-artifact-type
http://hl7.org/fhir/related-artifact-type documentation justification citation predecessor successor derived-from depends-on composed-of
@request-intent
http://hl7.org/fhir/request-intent proposal plan directive order original-order reflex-order filler-order instance-order option
@request-priority
http://hl7.org/fhir/request-priority routine urgent asap stat
@request-status
http://hl7.org/fhir/request-status draft active on-hold revoked completed entered-in-error unknown
@resource-types
http://hl7.org/fhir/resource-types Account ActivityDefinition AdverseEvent AllergyIntolerance Appointment AppointmentResponse AuditEvent Basic Binary BiologicallyDerivedProduct BodyStructure Bundle CapabilityStatement CarePlan CareTeam CatalogEntry ChargeItem ChargeItemDefinition Claim ClaimResponse ClinicalImpression CodeSystem Communication CommunicationRequest CompartmentDefinition Composition ConceptMap Condition Consent Contract Coverage CoverageEligibilityRequest CoverageEligibilityResponse DetectedIssue Device DeviceDefinition DeviceMetric DeviceRequest DeviceUseStatement DiagnosticReport DocumentManifest DocumentReference DomainResource EffectEvidenceSynthesis Encounter Endpoint EnrollmentRequest EnrollmentResponse EpisodeOfCare EventDefinition Evidence EvidenceVariable ExampleScenario ExplanationOfBenefit FamilyMemberHistory Flag Goal GraphDefinition Group GuidanceResponse HealthcareService ImagingStudy Immunization ImmunizationEvaluation ImmunizationRecommendation ImplementationGuide InsurancePlan Invoice Library Linkage List Location Measure MeasureReport Media Medication MedicationAdministration MedicationDispense MedicationKnowledge MedicationRequest MedicationStatement MedicinalProduct MedicinalProductAuthorization MedicinalProductContraindication MedicinalProductIndication MedicinalProductIngredient MedicinalProductInteraction MedicinalProductManufactured MedicinalProductPackaged MedicinalProductPharmaceutical MedicinalProductUndesirableEffect MessageDefinition MessageHeader MolecularSequence NamingSystem NutritionOrder Observation ObservationDefinition OperationDefinition OperationOutcome Organization OrganizationAffiliation Parameters Patient PaymentNotice PaymentReconciliation Person PlanDefinition Practitioner PractitionerRole Procedure Provenance Questionnaire QuestionnaireResponse RelatedPerson RequestGroup ResearchDefinition ResearchElementDefinition ResearchStudy ResearchSubject Resource RiskAssessment RiskEvidenceSynthesis Schedule SearchParameter ServiceRequest Slot Specimen SpecimenDefinition StructureDefinition StructureMap Subscription Substance SubstanceNucleicAcid SubstancePolymer SubstanceProtein SubstanceReferenceInformation SubstanceSourceMaterial SubstanceSpecification SupplyDelivery SupplyRequest Task TerminologyCapabilities TestReport TestScript ValueSet VerificationResult VisionPrescription
@search-entry-mode
http://hl7.org/fhir/search-entry-mode match include outcome
@sort-direction
http://hl7.org/fhir/sort-direction ascending descending
@specimen-status
http://hl7.org/fhir/specimen-status available unavailable unsatisfactory entered-in-error
@subscription-channel-type
http://hl7.org/fhir/subscription-channel-type rest-hook websocket email sms message
@subscription-status
http://hl7.org/fhir/subscription-status requested active error off
@task-intent
http://hl7.org/fhir/task-intent unknown
http://hl7.org/fhir/request-intent proposal plan order original-order reflex-order filler-order instance-order option
@task-status
http://hl7.org/fhir/task-status draft requested received accepted rejected ready cancelled in-progress on-hold failed completed entered-in-error
@trigger-type
http://hl7.org/fhir/trigger-type named-event periodic data-changed data-added data-modified data-removed data-accessed data-access-ended
@udi-entry-type
http://hl7.org/fhir/udi-entry-type barcode rfid manual card self-reported unknown
@units-of-time
http://unitsofmeasure.org s min h d wk mo a
@v3-ConfidentialityClassification
http://terminology.hl7.org/CodeSystem/v3-Confidentiality U L M N R V`;

/**
 * `@type`, then a line a parameter: name, kind, id of its definition, paths, targets of references. A path is `a.b:Type`;
 * `a[key=value]` keeps parts with that value, `>Type` references to that type, `:code=system` tells the system of a bare code,
 * `:exists` is true where there is anything. Composites: kinds, then bases with the paths of each part.
 */
export const SEARCHES = `
@AllergyIntolerance
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
asserter reference AllergyIntolerance-asserter asserter:Reference Practitioner,Patient,PractitionerRole,RelatedPerson
category token AllergyIntolerance-category category:code=http://hl7.org/fhir/allergy-intolerance-category
clinical-status token AllergyIntolerance-clinical-status clinicalStatus:CodeableConcept
code token clinical-code code:CodeableConcept,reaction.substance:CodeableConcept
criticality token AllergyIntolerance-criticality criticality:code=http://hl7.org/fhir/allergy-intolerance-criticality
date date clinical-date recordedDate:dateTime
identifier token clinical-identifier identifier:Identifier
last-date date AllergyIntolerance-last-date lastOccurrence:dateTime
manifestation token AllergyIntolerance-manifestation reaction.manifestation:CodeableConcept
onset date AllergyIntolerance-onset reaction.onset:dateTime
patient reference clinical-patient patient:Reference Patient
recorder reference AllergyIntolerance-recorder recorder:Reference Practitioner,Patient,PractitionerRole,RelatedPerson
route token AllergyIntolerance-route reaction.exposureRoute:CodeableConcept
severity token AllergyIntolerance-severity reaction.severity:code=http://hl7.org/fhir/reaction-event-severity
type token clinical-type type:code=http://hl7.org/fhir/allergy-intolerance-type
verification-status token AllergyIntolerance-verification-status verificationStatus:CodeableConcept
@AuditEvent
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
action token AuditEvent-action action:code=http://hl7.org/fhir/audit-event-action
address string AuditEvent-address agent.network.address:string
agent reference AuditEvent-agent agent.who:Reference Practitioner,Organization,Device,Patient,PractitionerRole,RelatedPerson
agent-name string AuditEvent-agent-name agent.name:string
agent-role token AuditEvent-agent-role agent.role:CodeableConcept
altid token AuditEvent-altid agent.altId:string
date date AuditEvent-date recorded:instant
entity reference AuditEvent-entity entity.what:Reference *
entity-name string AuditEvent-entity-name entity.name:string
entity-role token AuditEvent-entity-role entity.role:Coding
entity-type token AuditEvent-entity-type entity.type:Coding
outcome token AuditEvent-outcome outcome:code=http://hl7.org/fhir/audit-event-outcome
patient reference AuditEvent-patient agent.who>Patient:Reference,entity.what>Patient:Reference Patient
policy uri AuditEvent-policy agent.policy:uri
site token AuditEvent-site source.site:string
source reference AuditEvent-source source.observer:Reference Practitioner,Organization,Device,Patient,PractitionerRole,RelatedPerson
subtype token AuditEvent-subtype subtype:Coding
type token AuditEvent-type type:Coding
@Basic
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
author reference Basic-author author:Reference Practitioner,Organization,Patient,PractitionerRole,RelatedPerson
code token Basic-code code:CodeableConcept
created date Basic-created created:date
identifier token Basic-identifier identifier:Identifier
patient reference Basic-patient subject>Patient:Reference Patient
subject reference Basic-subject subject:Reference *
@Binary
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
@Bundle
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
identifier token Bundle-identifier identifier:Identifier
timestamp date Bundle-timestamp timestamp:instant
type token Bundle-type type:code=http://hl7.org/fhir/bundle-type
@CarePlan
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
activity-code token CarePlan-activity-code activity.detail.code:CodeableConcept
activity-date date CarePlan-activity-date activity.detail.scheduledTiming:Timing,activity.detail.scheduledPeriod:Period
activity-reference reference CarePlan-activity-reference activity.reference:Reference Appointment,MedicationRequest,Task,NutritionOrder,RequestGroup,VisionPrescription,DeviceRequest,ServiceRequest,CommunicationRequest
based-on reference CarePlan-based-on basedOn:Reference CarePlan
care-team reference CarePlan-care-team careTeam:Reference CareTeam
category token CarePlan-category category:CodeableConcept
condition reference CarePlan-condition addresses:Reference Condition
date date clinical-date period:Period
encounter reference CarePlan-encounter encounter:Reference Encounter
goal reference CarePlan-goal goal:Reference Goal
identifier token clinical-identifier identifier:Identifier
instantiates-canonical reference CarePlan-instantiates-canonical instantiatesCanonical:canonical Questionnaire,Measure,PlanDefinition,OperationDefinition,ActivityDefinition
instantiates-uri uri CarePlan-instantiates-uri instantiatesUri:uri
intent token CarePlan-intent intent:code=http://hl7.org/fhir/request-intent
part-of reference CarePlan-part-of partOf:Reference CarePlan
patient reference clinical-patient subject>Patient:Reference Patient
performer reference CarePlan-performer activity.detail.performer:Reference Practitioner,Organization,CareTeam,Device,Patient,HealthcareService,PractitionerRole,RelatedPerson
replaces reference CarePlan-replaces replaces:Reference CarePlan
status token CarePlan-status status:code=http://hl7.org/fhir/request-status
subject reference CarePlan-subject subject:Reference Group,Patient
@CareTeam
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
category token CareTeam-category category:CodeableConcept
date date clinical-date period:Period
encounter reference CareTeam-encounter encounter:Reference Encounter
identifier token clinical-identifier identifier:Identifier
participant reference CareTeam-participant participant.member:Reference Practitioner,Organization,CareTeam,Patient,PractitionerRole,RelatedPerson
patient reference clinical-patient subject>Patient:Reference Patient
status token CareTeam-status status:code=http://hl7.org/fhir/care-team-status
subject reference CareTeam-subject subject:Reference Group,Patient
@Communication
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
based-on reference Communication-based-on basedOn:Reference *
category token Communication-category category:CodeableConcept
encounter reference Communication-encounter encounter:Reference Encounter
identifier token Communication-identifier identifier:Identifier
instantiates-canonical reference Communication-instantiates-canonical instantiatesCanonical:canonical Questionnaire,Measure,PlanDefinition,OperationDefinition,ActivityDefinition
instantiates-uri uri Communication-instantiates-uri instantiatesUri:uri
medium token Communication-medium medium:CodeableConcept
part-of reference Communication-part-of partOf:Reference *
patient reference Communication-patient subject>Patient:Reference Patient
received date Communication-received received:dateTime
recipient reference Communication-recipient recipient:Reference Practitioner,Group,Organization,CareTeam,Device,Patient,HealthcareService,PractitionerRole,RelatedPerson
sender reference Communication-sender sender:Reference Practitioner,Organization,Device,Patient,HealthcareService,PractitionerRole,RelatedPerson
sent date Communication-sent sent:dateTime
status token Communication-status status:code=http://hl7.org/fhir/event-status
subject reference Communication-subject subject:Reference Group,Patient
@Condition
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
abatement-age quantity Condition-abatement-age abatementAge:Age,abatementRange:Range
abatement-date date Condition-abatement-date abatementDateTime:dateTime,abatementPeriod:Period
abatement-string string Condition-abatement-string abatementString:string
asserter reference Condition-asserter asserter:Reference Practitioner,Patient,PractitionerRole,RelatedPerson
body-site token Condition-body-site bodySite:CodeableConcept
category token Condition-category category:CodeableConcept
clinical-status token Condition-clinical-status clinicalStatus:CodeableConcept
code token clinical-code code:CodeableConcept
encounter reference Condition-encounter encounter:Reference Encounter
evidence token Condition-evidence evidence.code:CodeableConcept
evidence-detail reference Condition-evidence-detail evidence.detail:Reference *
identifier token clinical-identifier identifier:Identifier
onset-age quantity Condition-onset-age onsetAge:Age,onsetRange:Range
onset-date date Condition-onset-date onsetDateTime:dateTime,onsetPeriod:Period
onset-info string Condition-onset-info onsetString:string
patient reference clinical-patient subject>Patient:Reference Patient
recorded-date date Condition-recorded-date recordedDate:dateTime
severity token Condition-severity severity:CodeableConcept
stage token Condition-stage stage.summary:CodeableConcept
subject reference Condition-subject subject:Reference Group,Patient
verification-status token Condition-verification-status verificationStatus:CodeableConcept
@Consent
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
action token Consent-action provision.action:CodeableConcept
actor reference Consent-actor provision.actor.reference:Reference Practitioner,Group,Organization,CareTeam,Device,Patient,PractitionerRole,RelatedPerson
category token Consent-category category:CodeableConcept
consentor reference Consent-consentor performer:Reference Practitioner,Organization,Patient,PractitionerRole,RelatedPerson
data reference Consent-data provision.data.reference:Reference *
date date clinical-date dateTime:dateTime
identifier token clinical-identifier identifier:Identifier
organization reference Consent-organization organization:Reference Organization
patient reference clinical-patient patient:Reference Patient
period date Consent-period provision.period:Period
purpose token Consent-purpose provision.purpose:Coding
scope token Consent-scope scope:CodeableConcept
security-label token Consent-security-label provision.securityLabel:Coding
source-reference reference Consent-source-reference sourceReference:Reference Consent,Contract,QuestionnaireResponse,DocumentReference
status token Consent-status status:code=http://hl7.org/fhir/consent-state-codes
@Coverage
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
beneficiary reference Coverage-beneficiary beneficiary:Reference Patient
class-type token Coverage-class-type class.type:CodeableConcept
class-value string Coverage-class-value class.value:string
dependent string Coverage-dependent dependent:string
identifier token Coverage-identifier identifier:Identifier
patient reference Coverage-patient beneficiary:Reference Patient
payor reference Coverage-payor payor:Reference Organization,Patient,RelatedPerson
policy-holder reference Coverage-policy-holder policyHolder:Reference Organization,Patient,RelatedPerson
status token Coverage-status status:code=http://hl7.org/fhir/fm-status
subscriber reference Coverage-subscriber subscriber:Reference Patient,RelatedPerson
type token Coverage-type type:CodeableConcept
@Device
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
device-name string Device-device-name deviceName.name:string,type.coding.display:string,type.text:string
identifier token Device-identifier identifier:Identifier
location reference Device-location location:Reference Location
manufacturer string Device-manufacturer manufacturer:string
model string Device-model modelNumber:string
organization reference Device-organization owner:Reference Organization
patient reference Device-patient patient:Reference Patient
status token Device-status status:code=http://hl7.org/fhir/device-status
type token Device-type type:CodeableConcept
udi-carrier string Device-udi-carrier udiCarrier.carrierHRF:string
udi-di string Device-udi-di udiCarrier.deviceIdentifier:string
url uri Device-url url:uri
@DiagnosticReport
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
based-on reference DiagnosticReport-based-on basedOn:Reference CarePlan,MedicationRequest,NutritionOrder,ServiceRequest,ImmunizationRecommendation
category token DiagnosticReport-category category:CodeableConcept
code token clinical-code code:CodeableConcept
conclusion token DiagnosticReport-conclusion conclusionCode:CodeableConcept
date date clinical-date effectiveDateTime:dateTime,effectivePeriod:Period
encounter reference clinical-encounter encounter:Reference Encounter,EpisodeOfCare
identifier token clinical-identifier identifier:Identifier
issued date DiagnosticReport-issued issued:instant
media reference DiagnosticReport-media media.link:Reference Media
patient reference clinical-patient subject>Patient:Reference Patient
performer reference DiagnosticReport-performer performer:Reference Practitioner,Organization,CareTeam,PractitionerRole
result reference DiagnosticReport-result result:Reference Observation
results-interpreter reference DiagnosticReport-results-interpreter resultsInterpreter:Reference Practitioner,Organization,CareTeam,PractitionerRole
specimen reference DiagnosticReport-specimen specimen:Reference Specimen
status token DiagnosticReport-status status:code=http://hl7.org/fhir/diagnostic-report-status
subject reference DiagnosticReport-subject subject:Reference Group,Device,Patient,Location
@DocumentReference
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
authenticator reference DocumentReference-authenticator authenticator:Reference Practitioner,Organization,PractitionerRole
author reference DocumentReference-author author:Reference Practitioner,Organization,Device,Patient,PractitionerRole,RelatedPerson
category token DocumentReference-category category:CodeableConcept
contenttype token DocumentReference-contenttype content.attachment.contentType:code
custodian reference DocumentReference-custodian custodian:Reference Organization
date date DocumentReference-date date:instant
description string DocumentReference-description description:string
encounter reference clinical-encounter context.encounter:Reference Encounter,EpisodeOfCare
event token DocumentReference-event context.event:CodeableConcept
facility token DocumentReference-facility context.facilityType:CodeableConcept
format token DocumentReference-format content.format:Coding
identifier token clinical-identifier masterIdentifier:Identifier,identifier:Identifier
language token DocumentReference-language content.attachment.language:code=urn:ietf:bcp:47
location uri DocumentReference-location content.attachment.url:url
patient reference clinical-patient subject>Patient:Reference Patient
period date DocumentReference-period context.period:Period
related reference DocumentReference-related context.related:Reference *
relatesto reference DocumentReference-relatesto relatesTo.target:Reference DocumentReference
relation token DocumentReference-relation relatesTo.code:code=http://hl7.org/fhir/document-relationship-type
relationship composite DocumentReference-relationship reference$token relatesTo&target:Reference&code:code=http://hl7.org/fhir/document-relationship-type
security-label token DocumentReference-security-label securityLabel:CodeableConcept
setting token DocumentReference-setting context.practiceSetting:CodeableConcept
status token DocumentReference-status status:code=http://hl7.org/fhir/document-reference-status
subject reference DocumentReference-subject subject:Reference Practitioner,Group,Device,Patient
type token clinical-type type:CodeableConcept
@Encounter
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
account reference Encounter-account account:Reference Account
appointment reference Encounter-appointment appointment:Reference Appointment
based-on reference Encounter-based-on basedOn:Reference ServiceRequest
class token Encounter-class class:Coding
date date clinical-date period:Period
diagnosis reference Encounter-diagnosis diagnosis.condition:Reference Condition,Procedure
episode-of-care reference Encounter-episode-of-care episodeOfCare:Reference EpisodeOfCare
identifier token clinical-identifier identifier:Identifier
length quantity Encounter-length length:Duration
location reference Encounter-location location.location:Reference Location
location-period date Encounter-location-period location.period:Period
part-of reference Encounter-part-of partOf:Reference Encounter
participant reference Encounter-participant participant.individual:Reference Practitioner,PractitionerRole,RelatedPerson
participant-type token Encounter-participant-type participant.type:CodeableConcept
patient reference clinical-patient subject>Patient:Reference Patient
practitioner reference Encounter-practitioner participant.individual>Practitioner:Reference Practitioner
reason-code token Encounter-reason-code reasonCode:CodeableConcept
reason-reference reference Encounter-reason-reference reasonReference:Reference Condition,Observation,Procedure,ImmunizationRecommendation
service-provider reference Encounter-service-provider serviceProvider:Reference Organization
special-arrangement token Encounter-special-arrangement hospitalization.specialArrangement:CodeableConcept
status token Encounter-status status:code=http://hl7.org/fhir/encounter-status
subject reference Encounter-subject subject:Reference Group,Patient
type token clinical-type type:CodeableConcept
@Goal
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
achievement-status token Goal-achievement-status achievementStatus:CodeableConcept
category token Goal-category category:CodeableConcept
identifier token clinical-identifier identifier:Identifier
lifecycle-status token Goal-lifecycle-status lifecycleStatus:code=http://hl7.org/fhir/goal-status
patient reference clinical-patient subject>Patient:Reference Patient
start-date date Goal-start-date startDate:date
subject reference Goal-subject subject:Reference Group,Organization,Patient
target-date date Goal-target-date target.dueDate:date
@Group
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
actual token Group-actual actual:boolean
characteristic token Group-characteristic characteristic.code:CodeableConcept
characteristic-value composite Group-characteristic-value token$token characteristic&code:CodeableConcept&valueCodeableConcept:CodeableConcept,valueBoolean:boolean
code token Group-code code:CodeableConcept
exclude token Group-exclude characteristic.exclude:boolean
identifier token Group-identifier identifier:Identifier
managing-entity reference Group-managing-entity managingEntity:Reference Practitioner,Organization,PractitionerRole,RelatedPerson
member reference Group-member member.entity:Reference Practitioner,Group,Device,Medication,Patient,Substance,PractitionerRole
type token Group-type type:code=http://hl7.org/fhir/group-type
value token Group-value characteristic.valueCodeableConcept:CodeableConcept,characteristic.valueBoolean:boolean
@Immunization
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
date date clinical-date occurrenceDateTime:dateTime
identifier token clinical-identifier identifier:Identifier
location reference Immunization-location location:Reference Location
lot-number string Immunization-lot-number lotNumber:string
manufacturer reference Immunization-manufacturer manufacturer:Reference Organization
patient reference clinical-patient patient:Reference Patient
performer reference Immunization-performer performer.actor:Reference Practitioner,Organization,PractitionerRole
reaction reference Immunization-reaction reaction.detail:Reference Observation
reaction-date date Immunization-reaction-date reaction.date:dateTime
reason-code token Immunization-reason-code reasonCode:CodeableConcept
reason-reference reference Immunization-reason-reference reasonReference:Reference Condition,Observation,DiagnosticReport
series string Immunization-series protocolApplied.series:string
status token Immunization-status status:code=http://hl7.org/fhir/event-status
status-reason token Immunization-status-reason statusReason:CodeableConcept
target-disease token Immunization-target-disease protocolApplied.targetDisease:CodeableConcept
vaccine-code token Immunization-vaccine-code vaccineCode:CodeableConcept
@List
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
code token clinical-code code:CodeableConcept
date date clinical-date date:dateTime
empty-reason token List-empty-reason emptyReason:CodeableConcept
encounter reference clinical-encounter encounter:Reference Encounter,EpisodeOfCare
identifier token clinical-identifier identifier:Identifier
item reference List-item entry.item:Reference *
notes string List-notes note.text:markdown
patient reference clinical-patient subject>Patient:Reference Patient
source reference List-source source:Reference Practitioner,Device,Patient,PractitionerRole
status token List-status status:code=http://hl7.org/fhir/list-status
subject reference List-subject subject:Reference Group,Device,Patient,Location
title string List-title title:string
@Location
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
address string Location-address address:Address
address-city string Location-address-city address.city:string
address-country string Location-address-country address.country:string
address-postalcode string Location-address-postalcode address.postalCode:string
address-state string Location-address-state address.state:string
address-use token Location-address-use address.use:code=http://hl7.org/fhir/address-use
endpoint reference Location-endpoint endpoint:Reference Endpoint
identifier token Location-identifier identifier:Identifier
name string Location-name name:string,alias:string
operational-status token Location-operational-status operationalStatus:Coding
organization reference Location-organization managingOrganization:Reference Organization
partof reference Location-partof partOf:Reference Location
status token Location-status status:code=http://hl7.org/fhir/location-status
type token Location-type type:CodeableConcept
@Medication
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
code token clinical-code code:CodeableConcept
expiration-date date Medication-expiration-date batch.expirationDate:dateTime
form token Medication-form form:CodeableConcept
identifier token Medication-identifier identifier:Identifier
ingredient reference Medication-ingredient ingredient.itemReference:Reference Medication,Substance
ingredient-code token Medication-ingredient-code ingredient.itemCodeableConcept:CodeableConcept
lot-number token Medication-lot-number batch.lotNumber:string
manufacturer reference Medication-manufacturer manufacturer:Reference Organization
status token Medication-status status:code=http://hl7.org/fhir/CodeSystem/medication-status
@MedicationRequest
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
authoredon date MedicationRequest-authoredon authoredOn:dateTime
category token MedicationRequest-category category:CodeableConcept
code token clinical-code medicationCodeableConcept:CodeableConcept
date date medications-date dosageInstruction.timing.event:dateTime
encounter reference medications-encounter encounter:Reference Encounter
identifier token clinical-identifier identifier:Identifier
intended-dispenser reference MedicationRequest-intended-dispenser dispenseRequest.performer:Reference Organization
intended-performer reference MedicationRequest-intended-performer performer:Reference Practitioner,Organization,CareTeam,Device,Patient,PractitionerRole,RelatedPerson
intended-performertype token MedicationRequest-intended-performertype performerType:CodeableConcept
intent token MedicationRequest-intent intent:code=http://hl7.org/fhir/CodeSystem/medicationrequest-intent
medication reference medications-medication medicationReference:Reference Medication
patient reference clinical-patient subject>Patient:Reference Patient
priority token MedicationRequest-priority priority:code=http://hl7.org/fhir/request-priority
requester reference MedicationRequest-requester requester:Reference Practitioner,Organization,Device,Patient,PractitionerRole,RelatedPerson
status token medications-status status:code=http://hl7.org/fhir/CodeSystem/medicationrequest-status
subject reference MedicationRequest-subject subject:Reference Group,Patient
@MedicationStatement
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
category token MedicationStatement-category category:CodeableConcept
code token clinical-code medicationCodeableConcept:CodeableConcept
context reference MedicationStatement-context context:Reference EpisodeOfCare,Encounter
effective date MedicationStatement-effective effectiveDateTime:dateTime,effectivePeriod:Period
identifier token clinical-identifier identifier:Identifier
medication reference medications-medication medicationReference:Reference Medication
part-of reference MedicationStatement-part-of partOf:Reference MedicationDispense,Observation,MedicationAdministration,Procedure,MedicationStatement
patient reference clinical-patient subject>Patient:Reference Patient
source reference MedicationStatement-source informationSource:Reference Practitioner,Organization,Patient,PractitionerRole,RelatedPerson
status token medications-status status:code=http://hl7.org/fhir/CodeSystem/medication-statement-status
subject reference MedicationStatement-subject subject:Reference Group,Patient
@Observation
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
based-on reference Observation-based-on basedOn:Reference CarePlan,MedicationRequest,NutritionOrder,DeviceRequest,ServiceRequest,ImmunizationRecommendation
category token Observation-category category:CodeableConcept
code token clinical-code code:CodeableConcept
code-value-concept composite Observation-code-value-concept token$token &code:CodeableConcept&valueCodeableConcept:CodeableConcept
code-value-date composite Observation-code-value-date token$date &code:CodeableConcept&valueDateTime:dateTime,valuePeriod:Period
code-value-quantity composite Observation-code-value-quantity token$quantity &code:CodeableConcept&valueQuantity:Quantity
code-value-string composite Observation-code-value-string token$string &code:CodeableConcept&valueString:string
combo-code token Observation-combo-code code:CodeableConcept,component.code:CodeableConcept
combo-code-value-concept composite Observation-combo-code-value-concept token$token &code:CodeableConcept&valueCodeableConcept:CodeableConcept;component&code:CodeableConcept&valueCodeableConcept:CodeableConcept
combo-code-value-quantity composite Observation-combo-code-value-quantity token$quantity &code:CodeableConcept&valueQuantity:Quantity;component&code:CodeableConcept&valueQuantity:Quantity
combo-data-absent-reason token Observation-combo-data-absent-reason dataAbsentReason:CodeableConcept,component.dataAbsentReason:CodeableConcept
combo-value-concept token Observation-combo-value-concept valueCodeableConcept:CodeableConcept,component.valueCodeableConcept:CodeableConcept
combo-value-quantity quantity Observation-combo-value-quantity valueQuantity:Quantity,valueSampledData:SampledData,component.valueQuantity:Quantity,component.valueSampledData:SampledData
component-code token Observation-component-code component.code:CodeableConcept
component-code-value-concept composite Observation-component-code-value-concept token$token component&code:CodeableConcept&valueCodeableConcept:CodeableConcept
component-code-value-quantity composite Observation-component-code-value-quantity token$quantity component&code:CodeableConcept&valueQuantity:Quantity
component-data-absent-reason token Observation-component-data-absent-reason component.dataAbsentReason:CodeableConcept
component-value-concept token Observation-component-value-concept component.valueCodeableConcept:CodeableConcept
component-value-quantity quantity Observation-component-value-quantity component.valueQuantity:Quantity,component.valueSampledData:SampledData
data-absent-reason token Observation-data-absent-reason dataAbsentReason:CodeableConcept
date date clinical-date effectiveDateTime:dateTime,effectivePeriod:Period,effectiveTiming:Timing,effectiveInstant:instant
derived-from reference Observation-derived-from derivedFrom:Reference Media,Observation,ImagingStudy,MolecularSequence,QuestionnaireResponse,DocumentReference
device reference Observation-device device:Reference Device,DeviceMetric
encounter reference clinical-encounter encounter:Reference Encounter,EpisodeOfCare
focus reference Observation-focus focus:Reference *
has-member reference Observation-has-member hasMember:Reference Observation,MolecularSequence,QuestionnaireResponse
identifier token clinical-identifier identifier:Identifier
method token Observation-method method:CodeableConcept
part-of reference Observation-part-of partOf:Reference Immunization,MedicationDispense,MedicationAdministration,Procedure,ImagingStudy,MedicationStatement
patient reference clinical-patient subject>Patient:Reference Patient
performer reference Observation-performer performer:Reference Practitioner,Organization,CareTeam,Patient,PractitionerRole,RelatedPerson
specimen reference Observation-specimen specimen:Reference Specimen
status token Observation-status status:code=http://hl7.org/fhir/observation-status
subject reference Observation-subject subject:Reference Group,Device,Patient,Location
value-concept token Observation-value-concept valueCodeableConcept:CodeableConcept
value-date date Observation-value-date valueDateTime:dateTime,valuePeriod:Period
value-quantity quantity Observation-value-quantity valueQuantity:Quantity,valueSampledData:SampledData
value-string string Observation-value-string valueString:string,valueCodeableConcept.text:string
@Organization
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
active token Organization-active active:boolean
address string Organization-address address:Address
address-city string Organization-address-city address.city:string
address-country string Organization-address-country address.country:string
address-postalcode string Organization-address-postalcode address.postalCode:string
address-state string Organization-address-state address.state:string
address-use token Organization-address-use address.use:code=http://hl7.org/fhir/address-use
endpoint reference Organization-endpoint endpoint:Reference Endpoint
identifier token Organization-identifier identifier:Identifier
name string Organization-name name:string,alias:string
partof reference Organization-partof partOf:Reference Organization
phonetic string Organization-phonetic name:string
type token Organization-type type:CodeableConcept
@Patient
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
active token Patient-active active:boolean
address string individual-address address:Address
address-city string individual-address-city address.city:string
address-country string individual-address-country address.country:string
address-postalcode string individual-address-postalcode address.postalCode:string
address-state string individual-address-state address.state:string
address-use token individual-address-use address.use:code=http://hl7.org/fhir/address-use
birthdate date individual-birthdate birthDate:date
death-date date Patient-death-date deceasedDateTime:dateTime
deceased token Patient-deceased deceasedBoolean:boolean,deceasedDateTime:exists
email token individual-email telecom[system=email]:ContactPoint
family string individual-family name.family:string
gender token individual-gender gender:code=http://hl7.org/fhir/administrative-gender
general-practitioner reference Patient-general-practitioner generalPractitioner:Reference Practitioner,Organization,PractitionerRole
given string individual-given name.given:string
identifier token Patient-identifier identifier:Identifier
language token Patient-language communication.language:CodeableConcept
link reference Patient-link link.other:Reference Patient,RelatedPerson
name string Patient-name name:HumanName
organization reference Patient-organization managingOrganization:Reference Organization
phone token individual-phone telecom[system=phone]:ContactPoint
phonetic string individual-phonetic name:HumanName
telecom token individual-telecom telecom:ContactPoint
@Practitioner
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
active token Practitioner-active active:boolean
address string individual-address address:Address
address-city string individual-address-city address.city:string
address-country string individual-address-country address.country:string
address-postalcode string individual-address-postalcode address.postalCode:string
address-state string individual-address-state address.state:string
address-use token individual-address-use address.use:code=http://hl7.org/fhir/address-use
communication token Practitioner-communication communication:CodeableConcept
email token individual-email telecom[system=email]:ContactPoint
family string individual-family name.family:string
gender token individual-gender gender:code=http://hl7.org/fhir/administrative-gender
given string individual-given name.given:string
identifier token Practitioner-identifier identifier:Identifier
name string Practitioner-name name:HumanName
phone token individual-phone telecom[system=phone]:ContactPoint
phonetic string individual-phonetic name:HumanName
telecom token individual-telecom telecom:ContactPoint
@PractitionerRole
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
active token PractitionerRole-active active:boolean
date date PractitionerRole-date period:Period
email token individual-email telecom[system=email]:ContactPoint
endpoint reference PractitionerRole-endpoint endpoint:Reference Endpoint
identifier token PractitionerRole-identifier identifier:Identifier
location reference PractitionerRole-location location:Reference Location
organization reference PractitionerRole-organization organization:Reference Organization
phone token individual-phone telecom[system=phone]:ContactPoint
practitioner reference PractitionerRole-practitioner practitioner:Reference Practitioner
role token PractitionerRole-role code:CodeableConcept
service reference PractitionerRole-service healthcareService:Reference HealthcareService
specialty token PractitionerRole-specialty specialty:CodeableConcept
telecom token individual-telecom telecom:ContactPoint
@Procedure
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
based-on reference Procedure-based-on basedOn:Reference CarePlan,ServiceRequest
category token Procedure-category category:CodeableConcept
code token clinical-code code:CodeableConcept
date date clinical-date performedDateTime:dateTime,performedPeriod:Period
encounter reference clinical-encounter encounter:Reference Encounter,EpisodeOfCare
identifier token clinical-identifier identifier:Identifier
instantiates-canonical reference Procedure-instantiates-canonical instantiatesCanonical:canonical Questionnaire,Measure,PlanDefinition,OperationDefinition,ActivityDefinition
instantiates-uri uri Procedure-instantiates-uri instantiatesUri:uri
location reference Procedure-location location:Reference Location
part-of reference Procedure-part-of partOf:Reference Observation,Procedure,MedicationAdministration
patient reference clinical-patient subject>Patient:Reference Patient
performer reference Procedure-performer performer.actor:Reference Practitioner,Organization,Device,Patient,PractitionerRole,RelatedPerson
reason-code token Procedure-reason-code reasonCode:CodeableConcept
reason-reference reference Procedure-reason-reference reasonReference:Reference Condition,Observation,Procedure,DiagnosticReport,DocumentReference
status token Procedure-status status:code=http://hl7.org/fhir/event-status
subject reference Procedure-subject subject:Reference Group,Patient
@Provenance
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
agent reference Provenance-agent agent.who:Reference Practitioner,Organization,Device,Patient,PractitionerRole,RelatedPerson
agent-role token Provenance-agent-role agent.role:CodeableConcept
agent-type token Provenance-agent-type agent.type:CodeableConcept
entity reference Provenance-entity entity.what:Reference *
location reference Provenance-location location:Reference Location
patient reference Provenance-patient target>Patient:Reference Patient
recorded date Provenance-recorded recorded:instant
signature-type token Provenance-signature-type signature.type:Coding
target reference Provenance-target target:Reference *
when date Provenance-when occurredDateTime:dateTime
@Questionnaire
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
code token Questionnaire-code item.code:Coding
context token Questionnaire-context useContext.valueCodeableConcept:CodeableConcept
context-quantity quantity Questionnaire-context-quantity useContext.valueQuantity:Quantity,useContext.valueRange:Range
context-type token Questionnaire-context-type useContext.code:Coding
context-type-quantity composite Questionnaire-context-type-quantity token$quantity useContext&code:Coding&valueQuantity:Quantity,valueRange:Range
context-type-value composite Questionnaire-context-type-value token$token useContext&code:Coding&valueCodeableConcept:CodeableConcept
date date Questionnaire-date date:dateTime
definition uri Questionnaire-definition item.definition:uri
description string Questionnaire-description description:markdown
effective date Questionnaire-effective effectivePeriod:Period
identifier token Questionnaire-identifier identifier:Identifier
jurisdiction token Questionnaire-jurisdiction jurisdiction:CodeableConcept
name string Questionnaire-name name:string
publisher string Questionnaire-publisher publisher:string
status token Questionnaire-status status:code=http://hl7.org/fhir/publication-status
subject-type token Questionnaire-subject-type subjectType:code=http://hl7.org/fhir/resource-types
title string Questionnaire-title title:string
url uri Questionnaire-url url:uri
version token Questionnaire-version version:string
@QuestionnaireResponse
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
author reference QuestionnaireResponse-author author:Reference Practitioner,Organization,Device,Patient,PractitionerRole,RelatedPerson
authored date QuestionnaireResponse-authored authored:dateTime
based-on reference QuestionnaireResponse-based-on basedOn:Reference CarePlan,ServiceRequest
encounter reference QuestionnaireResponse-encounter encounter:Reference Encounter
identifier token QuestionnaireResponse-identifier identifier:Identifier
part-of reference QuestionnaireResponse-part-of partOf:Reference Observation,Procedure
patient reference QuestionnaireResponse-patient subject>Patient:Reference Patient
questionnaire reference QuestionnaireResponse-questionnaire questionnaire:canonical Questionnaire
source reference QuestionnaireResponse-source source:Reference Practitioner,Patient,PractitionerRole,RelatedPerson
status token QuestionnaireResponse-status status:code=http://hl7.org/fhir/questionnaire-answers-status
subject reference QuestionnaireResponse-subject subject:Reference *
@RelatedPerson
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
active token RelatedPerson-active active:boolean
address string individual-address address:Address
address-city string individual-address-city address.city:string
address-country string individual-address-country address.country:string
address-postalcode string individual-address-postalcode address.postalCode:string
address-state string individual-address-state address.state:string
address-use token individual-address-use address.use:code=http://hl7.org/fhir/address-use
birthdate date individual-birthdate birthDate:date
email token individual-email telecom[system=email]:ContactPoint
gender token individual-gender gender:code=http://hl7.org/fhir/administrative-gender
identifier token RelatedPerson-identifier identifier:Identifier
name string RelatedPerson-name name:HumanName
patient reference RelatedPerson-patient patient:Reference Patient
phone token individual-phone telecom[system=phone]:ContactPoint
phonetic string individual-phonetic name:HumanName
relationship token RelatedPerson-relationship relationship:CodeableConcept
telecom token individual-telecom telecom:ContactPoint
@ServiceRequest
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
authored date ServiceRequest-authored authoredOn:dateTime
based-on reference ServiceRequest-based-on basedOn:Reference CarePlan,MedicationRequest,ServiceRequest
body-site token ServiceRequest-body-site bodySite:CodeableConcept
category token ServiceRequest-category category:CodeableConcept
code token clinical-code code:CodeableConcept
encounter reference clinical-encounter encounter:Reference Encounter,EpisodeOfCare
identifier token clinical-identifier identifier:Identifier
instantiates-canonical reference ServiceRequest-instantiates-canonical instantiatesCanonical:canonical PlanDefinition,ActivityDefinition
instantiates-uri uri ServiceRequest-instantiates-uri instantiatesUri:uri
intent token ServiceRequest-intent intent:code=http://hl7.org/fhir/request-intent
occurrence date ServiceRequest-occurrence occurrenceDateTime:dateTime,occurrencePeriod:Period,occurrenceTiming:Timing
order-detail token ServiceRequest-order-detail orderDetail.text:string
patient reference clinical-patient subject>Patient:Reference Patient
performer reference ServiceRequest-performer performer:Reference Practitioner,Organization,CareTeam,Device,Patient,HealthcareService,PractitionerRole,RelatedPerson
performer-type token ServiceRequest-performer-type performerType:CodeableConcept
priority token ServiceRequest-priority priority:code=http://hl7.org/fhir/request-priority
replaces reference ServiceRequest-replaces replaces:Reference ServiceRequest
requester reference ServiceRequest-requester requester:Reference Practitioner,Organization,Device,Patient,PractitionerRole,RelatedPerson
requisition token ServiceRequest-requisition requisition:Identifier
specimen reference ServiceRequest-specimen specimen:Reference Specimen
status token ServiceRequest-status status:code=http://hl7.org/fhir/request-status
subject reference ServiceRequest-subject subject:Reference Group,Device,Patient,Location
@Specimen
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
accession token Specimen-accession accessionIdentifier:Identifier
bodysite token Specimen-bodysite collection.bodySite:CodeableConcept
collected date Specimen-collected collection.collectedDateTime:dateTime,collection.collectedPeriod:Period
collector reference Specimen-collector collection.collector:Reference Practitioner,PractitionerRole
container token Specimen-container container.type:CodeableConcept
container-id token Specimen-container-id container.identifier:Identifier
identifier token Specimen-identifier identifier:Identifier
parent reference Specimen-parent parent:Reference Specimen
patient reference Specimen-patient subject>Patient:Reference Patient
status token Specimen-status status:code=http://hl7.org/fhir/specimen-status
subject reference Specimen-subject subject:Reference Group,Device,Patient,Substance,Location
type token Specimen-type type:CodeableConcept
@Subscription
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
contact token Subscription-contact contact:ContactPoint
criteria string Subscription-criteria criteria:string
payload token Subscription-payload channel.payload:code
status token Subscription-status status:code=http://hl7.org/fhir/subscription-status
type token Subscription-type channel.type:code=http://hl7.org/fhir/subscription-channel-type
url uri Subscription-url channel.endpoint:url
@Task
_id token Resource-id id:id
_lastUpdated date Resource-lastUpdated meta.lastUpdated:instant
_profile uri Resource-profile meta.profile:canonical
_security token Resource-security meta.security:Coding
_source uri Resource-source meta.source:uri
_tag token Resource-tag meta.tag:Coding
authored-on date Task-authored-on authoredOn:dateTime
based-on reference Task-based-on basedOn:Reference *
business-status token Task-business-status businessStatus:CodeableConcept
code token Task-code code:CodeableConcept
encounter reference Task-encounter encounter:Reference Encounter
focus reference Task-focus focus:Reference *
group-identifier token Task-group-identifier groupIdentifier:Identifier
identifier token Task-identifier identifier:Identifier
intent token Task-intent intent:code
modified date Task-modified lastModified:dateTime
owner reference Task-owner owner:Reference Practitioner,Organization,CareTeam,Device,Patient,HealthcareService,PractitionerRole,RelatedPerson
part-of reference Task-part-of partOf:Reference Task
patient reference Task-patient for>Patient:Reference Patient
performer token Task-performer performerType:CodeableConcept
period date Task-period executionPeriod:Period
priority token Task-priority priority:code=http://hl7.org/fhir/request-priority
requester reference Task-requester requester:Reference Practitioner,Organization,Device,Patient,PractitionerRole,RelatedPerson
status token Task-status status:code=http://hl7.org/fhir/task-status
subject reference Task-subject for:Reference *`;
