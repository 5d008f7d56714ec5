// The workbook: "Is it up", "What is being built", "What does it cost". Its pages are in workbook.json, as the portal's
// editor shows them, but for the ids of resources; its queries come from queries/ (python -m tools.watching).

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Resource id of the Log Analytics workspace.')
param workspaceId string

@description('Resource id of the function app.')
param functionAppId string

@description('Resource id of the storage account.')
param storageAccountId string

@description('Resource id of the Cosmos DB account.')
param cosmosAccountId string

var pages = loadTextContent('workbook.json')
var withWorkspace = replace(pages, '{{workspaceId}}', workspaceId)
var withApp = replace(withWorkspace, '{{functionAppId}}', functionAppId)
var withStorage = replace(withApp, '{{storageAccountId}}', storageAccountId)

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, 'pixcrawler')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'PixCrawler'
    category: 'workbook'
    sourceId: workspaceId
    serializedData: replace(withStorage, '{{cosmosAccountId}}', cosmosAccountId)
  }
}
