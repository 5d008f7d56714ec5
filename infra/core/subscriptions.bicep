// Who is told of new blobs: the app's blob triggers. Deployed after the app's code (infra/scripts/subscribe.sh), because the key
// of the webhook exists only once the app has run, and because Event Grid asks the webhook whether it wants the events.

@description('Name of the function app.')
param functionAppName string

@description('Name of the storage account.')
param storageAccountName string

@description('Name of its system topic.')
param systemTopicName string

@description('Container of events that could not be delivered.')
param deadLetterContainer string

var triggers = [
  { function: 'validate_raw_shard', begins: 'raw/blobs/', ends: '.tar', within: '/' }
  { function: 'check_upload', begins: 'uploads/blobs/', ends: '', within: '/incoming/' }
]

resource app 'Microsoft.Web/sites@2024-11-01' existing = {
  name: functionAppName
}

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: storageAccountName
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: systemTopicName
}

resource subscriptions 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = [
  for trigger in triggers: {
    parent: topic
    name: replace(trigger.function, '_', '-')
    properties: {
      eventDeliverySchema: 'EventGridSchema'
      destination: {
        endpointType: 'WebHook'
        properties: {
          // The Functions host accepts this call by its key alone; Event Grid gives webhooks no identity of its own.
          endpointUrl: 'https://${app.properties.defaultHostName}/runtime/webhooks/blobs?functionName=Host.Functions.${trigger.function}&code=${listKeys('${app.id}/host/default', '2024-11-01').systemKeys.blobs_extension}'
          maxEventsPerBatch: 1
          minimumTlsVersionAllowed: '1.2'
        }
      }
      filter: {
        includedEventTypes: ['Microsoft.Storage.BlobCreated']
        subjectBeginsWith: '/blobServices/default/containers/${trigger.begins}'
        subjectEndsWith: trigger.ends
        isSubjectCaseSensitive: true
        advancedFilters: [{ operatorType: 'StringContains', key: 'Subject', values: [trigger.within] }]
      }
      retryPolicy: { maxDeliveryAttempts: 30, eventTimeToLiveInMinutes: 1440 }
      deadLetterWithResourceIdentity: {
        identity: { type: 'SystemAssigned' }
        deadLetterDestination: {
          endpointType: 'StorageBlob'
          properties: { resourceId: account.id, blobContainerName: deadLetterContainer }
        }
      }
    }
  }
]
